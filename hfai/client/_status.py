"""``get_status``: where a task is and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from hfai.client._experiment import Experiment
from hfai.client._select import ExperimentLike, query_task, selector, subject

if TYPE_CHECKING:
    from hfai.client._decision import Decision
    from hfai.client._job import Job
    from hfai.client._suspension import Suspension
    from hfai.model.records import End, Pending


class Status(NamedTuple):
    """A task at one moment.

    Attributes:
        chain_status: ``waiting_init``, ``running``, ``suspended`` or ``finished``.
        queue_status: of the newest run: ``queued``, ``scheduled`` or ``finished``.
        worker_status: that of the worst job.
        pending: why it waits and at which position, if it does and the server says; ``pending.text`` is the sentence.
        end: how it ended, if it did and the server says.
        exit_status: 0 on success, else the code of the rank that failed first (128+N for signal N); None before the
            end.
        jobs: by rank.
        experiment: everything.
        suspensions: when it was told, answered, saved or was cut short, per suspended run, oldest first.
        decisions: why its runs were started when they were, and told to yield, oldest first.
    """

    chain_status: str
    queue_status: str
    worker_status: str
    pending: Optional[Pending]
    end: Optional[End]
    exit_status: Optional[int]
    jobs: tuple[Job, ...]
    experiment: Experiment
    suspensions: tuple[Suspension, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether it has ended for good; a suspended task has not."""
        return self.chain_status == "finished"

    @property
    def is_running(self) -> bool:
        """Whether it has its nodes."""
        return self.chain_status == "running"

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its turn, the first or a later one."""
        return self.chain_status in ("waiting_init", "suspended")

    @property
    def is_succeeded(self) -> bool:
        """Whether it has ended, and well."""
        return self.exit_status == 0


def get_status(experiment: ExperimentLike) -> Status:
    """Ask how a task is now.

    Args:
        experiment: an Experiment, the id of a run, or a name.

    Raises:
        TaskNotFound: you have no such task.
        HfaiError: no answer, or a refusal.

    Blocks for one request.

    Example:
        >>> get_status("sample_exp").is_finished  # doctest: +SKIP
        True
    """
    now = Experiment(query_task(selector(experiment), subject=subject(experiment)))
    return Status(
        chain_status=now.chain_status,
        queue_status=now.queue_status,
        worker_status=now.worker_status,
        pending=now.pending,
        end=now.end,
        exit_status=now.exit_status,
        jobs=now.jobs,
        experiment=now,
        suspensions=now.suspensions,
        decisions=now.decisions,
    )
