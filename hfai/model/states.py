"""Where a task is: queue, chain and job states, and the one table of legal job moves.

How a task ended is a different question with its own vocabulary, see :mod:`hfai.model.codes` and
:class:`hfai.model.records.End`. Source: wire document section 12 and the tutorial's use case 2.
"""

from __future__ import annotations

from enum import Enum
from typing import Iterable, Mapping

from hfai.model.errors import IllegalMove


class QueueStatus(str, Enum):
    """State of one run in the queue; it only ever moves forward, a restart is a new run."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    FINISHED = "finished"


class ChainStatus(str, Enum):
    """State of a task chain as users see it."""

    WAITING_INIT = "waiting_init"
    RUNNING = "running"
    SUSPENDED = "suspended"
    FINISHED = "finished"


class JobStatus(str, Enum):
    """State of one job (pod): one rank of one run."""

    CREATED = "created"
    BUILDING = "building"
    UNSCHEDULABLE = "unschedulable"
    RUNNING = "running"
    SUCCEEDED_TERMINATING = "succeeded_terminating"
    FAILED_TERMINATING = "failed_terminating"
    STOPPED_TERMINATING = "stopped_terminating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended for good."""
        return not LEGAL_MOVES[self]

    @property
    def is_ending(self) -> bool:
        """Whether the job is on its way out or out."""
        return self in _ENDING


_J = JobStatus
_TERMINATING = frozenset({_J.SUCCEEDED_TERMINATING, _J.FAILED_TERMINATING, _J.STOPPED_TERMINATING})

LEGAL_MOVES: Mapping[JobStatus, frozenset[JobStatus]] = {
    _J.CREATED: frozenset({_J.BUILDING, _J.UNSCHEDULABLE, _J.STOPPED_TERMINATING, _J.FAILED_TERMINATING}),
    _J.UNSCHEDULABLE: frozenset({_J.BUILDING, _J.STOPPED_TERMINATING, _J.FAILED_TERMINATING}),
    _J.BUILDING: frozenset({_J.RUNNING, _J.UNSCHEDULABLE}) | _TERMINATING,
    _J.RUNNING: _TERMINATING,
    _J.SUCCEEDED_TERMINATING: frozenset({_J.SUCCEEDED}),
    _J.FAILED_TERMINATING: frozenset({_J.FAILED}),
    _J.STOPPED_TERMINATING: frozenset({_J.STOPPED}),
    _J.SUCCEEDED: frozenset(),
    _J.FAILED: frozenset(),
    _J.STOPPED: frozenset(),
}

_ENDING = _TERMINATING | {_J.SUCCEEDED, _J.FAILED, _J.STOPPED}


def move(old: JobStatus, new: JobStatus) -> JobStatus:
    """Return ``new`` if a job may go from ``old`` to ``new``.

    Raises:
        IllegalMove: the table has no such move. Staying where one is is no move either.

    Example:
        >>> move(JobStatus.BUILDING, JobStatus.RUNNING).value
        'running'
    """
    if new not in LEGAL_MOVES[old]:
        raise IllegalMove(old=old.value, new=new.value)
    return new


# From the worst to the best: the worker status of a run is that of its worst job (wire document, section 12).
_WORST_FIRST = (
    _J.FAILED,
    _J.STOPPED,
    _J.FAILED_TERMINATING,
    _J.STOPPED_TERMINATING,
    _J.UNSCHEDULABLE,
    _J.CREATED,
    _J.BUILDING,
    _J.RUNNING,
    _J.SUCCEEDED_TERMINATING,
    _J.SUCCEEDED,
)


def worker_status(jobs: Iterable[JobStatus]) -> str:
    """The worker status of a run: that of its worst job, ``queued`` when it has none yet."""
    present = set(jobs)
    return next((status.value for status in _WORST_FIRST if status in present), "queued")


def chain_status(queue_status: QueueStatus, *, is_first_run: bool) -> ChainStatus:
    """The chain status that follows from the newest run (wire document, section 12)."""
    if queue_status is QueueStatus.FINISHED:
        return ChainStatus.FINISHED
    if queue_status is QueueStatus.SCHEDULED:
        return ChainStatus.RUNNING
    return ChainStatus.WAITING_INIT if is_first_run else ChainStatus.SUSPENDED
