"""``Experiment``: a task chain as the platform knows it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional

from hfai.client._wire_field import WireField, WireTime, wire_time

if TYPE_CHECKING:
    from hfai.client._decision import Decision
    from hfai.client._earlier_end import EarlierEnd
    from hfai.client._job import Job
    from hfai.client._log_lines import LogLine
    from hfai.client._profile._profile import Profile
    from hfai.client._suspension import Suspension
    from hfai.model.records import End, Pending


class Experiment:
    """A task chain: its newest run, and lists with one item per run.

    It is a copy of what the platform said when it was asked; :meth:`refresh` asks again. Attributes have the names of
    HAI's documentation (wire document, section 2); times are naive local datetimes, items of lists are ISO texts.

    Args:
        task: the task object of an answer.

    Attributes:
        id: newest id; ``first_id`` the first one, ``chain_id`` the same for all runs.
        chain_status: ``waiting_init``, ``running``, ``suspended`` or ``finished``.
        queue_status: of the newest run: ``queued``, ``scheduled`` or ``finished``.
        worker_status: that of the worst job; ``queued`` before there are jobs.
        suspend_count: how often the chain was started again.

    Example:
        >>> Experiment({"id": 7, "nb_name": "x", "restart_count": 2}).suspend_count
        2
    """

    id = WireField[int]()
    nb_name = WireField[str]("")
    user_name = WireField[str]("")
    code_file = WireField[str]("")
    workspace = WireField[str]("")
    config_json = WireField[Mapping[str, Any]]({})
    group = WireField[str]("")
    nodes = WireField[int](1)
    assigned_nodes = WireField[list[str]]([])
    whole_life_state = WireField[int](0)
    star = WireField[bool](False)
    first_id = WireField[int]()
    backend = WireField[str]("")
    task_type = WireField[str]("training")
    queue_status = WireField[str]("")
    priority = WireField[int](-1)
    chain_id = WireField[str]("")
    chain_status = WireField[str]("")
    stop_code = WireField[int](0)
    suspend_code = WireField[int](0)
    worker_status = WireField[str]("")
    tags = WireField[list[str]]([])
    notes = WireField[Optional[str]]()
    created_at = WireTime()
    begin_at = WireTime()
    end_at = WireTime()
    id_list = WireField[list[int]]([])
    created_at_list = WireField[list[str]]([])
    begin_at_list = WireField[list[str]]([])
    end_at_list = WireField[list[str]]([])
    stop_code_list = WireField[list[int]]([])
    suspend_code_list = WireField[list[int]]([])
    whole_life_state_list = WireField[list[int]]([])
    queue_status_list = WireField[list[str]]([])
    worker_status_list = WireField[list[str]]([])
    _pods_ = WireField[list[Mapping[str, Any]]]([])

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task: Mapping[str, Any] = task

    def __repr__(self) -> str:
        return f"<Experiment {self.id} {self.nb_name!r} {self.chain_status or self.queue_status}>"

    def to_dict(self) -> dict[str, Any]:
        """The task object as the server sent it."""
        return dict(self._task)

    @property
    def suspend_count(self) -> int:
        """How often the chain was started again."""
        return int(self._task.get("restart_count") or 0)

    @property
    def updated_at(self) -> Optional[datetime]:
        """When anything of the chain last changed."""
        said = self._task.get("updated_at")
        if said:
            return wire_time(said)
        times = (self._task.get(key) for key in ("created_at", "begin_at", "end_at", "suspend_updated_at"))
        return max((time for time in map(wire_time, times) if time is not None), default=None)

    @property
    def is_finished(self) -> bool:
        """Whether the chain has ended for good; a suspended one has not."""
        return self.chain_status == "finished"

    @property
    def exit_status(self) -> Optional[int]:
        """0 on success, the code of the rank that failed first (128+N for signal N); None before the end."""
        from hfai.client._ending import exit_status_of

        return exit_status_of(self._task)

    @property
    def pending(self) -> Optional[Pending]:
        """Why it waits and at which position (``pending.text`` says it in words); None when it does not, or where the server
        does not say.
        """
        body = self._task.get("pending")
        if not body:
            return None
        from hfai.model.records import Pending

        return Pending.from_wire(body)

    @property
    def end(self) -> Optional[End]:
        """How it ended; None before, or where the server does not say."""
        body = self._task.get("end")
        if not body:
            return None
        from hfai.model.records import End

        return End.from_wire(body)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of the newest run by rank; while it is suspended those of the run before."""
        from hfai.client._job import Job

        return tuple(sorted((Job.from_wire(pod) for pod in self._pods_), key=lambda job: job.rank))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Why each of its runs was started when it was, and told to yield, oldest first; empty where the server does not say."""
        from hfai.client._decision import Decision

        return tuple(map(Decision.from_wire, self._task.get("decisions") or ()))

    @property
    def earlier_ends(self) -> tuple[EarlierEnd, ...]:
        """How its runs ended after which it was started again without having been suspended (a lost node, ``options.restart``), oldest
        first; empty where the server does not say.
        """
        from hfai.client._earlier_end import EarlierEnd

        return tuple(map(EarlierEnd.from_wire, self._task.get("earlier_ends") or ()))

    @property
    def suspensions(self) -> tuple[Suspension, ...]:
        """How its suspensions went, oldest first; empty where the server does not say."""
        from hfai.client._suspension import Suspension

        return tuple(map(Suspension.from_wire, self._task.get("suspensions") or ()))

    @property
    def schema(self) -> str:
        """The task file that gives the same task again, as YAML text."""
        from hfai.client._schema import schema_text

        return schema_text(self._task)

    def refresh(self) -> Experiment:
        """Ask the platform how it is now; returns itself.

        Raises:
            TaskNotFound: it is not there any more.
            HfaiError: no answer, or a refusal.
        """
        from hfai.client._select import query_task, selector, subject

        self._task = query_task(selector(self), subject=subject(self))
        return self

    def stop(self, op: str = "stop") -> None:
        """End it: see :func:`hfai.client._operate.stop`. Returns before it has ended; may be called twice.

        Args:
            op: ``stop``; ``succeed`` or ``fail`` to have it counted as such.

        Raises:
            UsageError: another ``op``.
            HfaiError: no answer, or a refusal.
        """
        from hfai.client._operate import stop

        stop(self, op)

    def suspend(self, restart_delay: int = 0) -> None:
        """Have it save and yield its nodes; its chain is queued again by itself, at the end of its line.

        Rank 0 sees ``receive_suspend_command()`` become true and has the task's grace to save; then, or as soon as a
        rank calls ``go_suspend()``, it is stopped. How that went is in :attr:`suspensions`.

        Args:
            restart_delay: taken for the sake of existing scripts; no server acts on it.

        Raises:
            HfaiError: no answer, or a refusal.

        Returns before the task has yielded: :meth:`wait` for ``suspended``. May be called twice; a task that waits or
        has ended is left as it is. Source: wire document, section 3.

        Example:
            >>> task.suspend()  # doctest: +SKIP
        """
        from hfai.client._operate import suspend

        suspend(self, restart_delay)

    def resume(self) -> Experiment:
        """Queue a finished chain again, as a new run that finds the ``whole_life_state`` of the one before.

        One that waits, suspended or not, goes on waiting: it starts in its turn.

        Returns:
            Itself, with the new run.

        Raises:
            NameInUse: it runs, or another unfinished task has its name.
            HfaiError: no answer, or another refusal.

        Blocks for one request. Source: wire document, section 3.

        Example:
            >>> task.resume().chain_status  # doctest: +SKIP
            'suspended'
        """
        from hfai.client._operate import resume

        task = resume(self)
        if task is None:
            return self.refresh()
        self._task = task
        return self

    def set_priority(self, priority: int) -> None:
        """Give it another priority, for this run and, on our engine, for all to come.

        Args:
            priority: one of :class:`hfai.client.EXP_PRIORITY`, or its number.

        Raises:
            UsageError: there is no such priority.
            RefusedError: the task has finished; or it runs and the quota of that priority is in use.
            QuotaExceeded: it is wider than the whole quota of that priority.
            HfaiError: no answer, or another refusal.

        Blocks for one request; may be called again. Source: wire document, section 3.

        Example:
            >>> task.set_priority(EXP_PRIORITY.HIGH)  # doctest: +SKIP
        """
        from hfai.client._operate import set_priority

        task = set_priority(self, priority)
        if task is None:
            self.refresh()
        else:
            self._task = task

    def tag(self, tag: str) -> None:
        """Put a tag on it; a second time changes nothing. Names that begin with ``_`` are the platform's and refused."""
        from hfai.client._operate import set_tag

        set_tag(self, tag, is_set=True)
        self.refresh()

    def untag(self, tag: str) -> None:
        """Take a tag off; one that it does not have is no error."""
        from hfai.client._operate import set_tag

        set_tag(self, tag, is_set=False)
        self.refresh()

    # The names in HAI's documentation.
    tag_task = tag
    untag_task = untag

    def wait(self, until: str = "finished", timeout: Optional[float] = None) -> Experiment:
        """Block until it has come so far: see :func:`hfai.client.wait`; returns itself, refreshed."""
        from hfai.client._wait import wait

        self._task = wait(self, until, timeout)._task
        return self

    def logs(self, rank: int | str = 0, follow: bool = False, **kwargs: Any) -> Iterator[LogLine]:
        """Its log lines: :func:`hfai.client.stream_logs` with this task."""
        from hfai.client._log_lines import stream_logs

        return stream_logs(self, rank, follow, **kwargs)

    def profile(self, time_s: float = 30.0, **kwargs: Any) -> Profile:
        """Sample its processes for a while: :func:`hfai.client.profile` with this task."""
        from hfai.client._profile._profiling import profile

        return profile(self, time_s, **kwargs)

    def log_ng(self, rank: int, last_seen: Optional[Mapping[str, Any]] = None) -> dict[str, Any]:
        """What a rank has written since, over all runs, as one answer of the server (wire document, section 4).

        Args:
            rank: from 0; one that is not there has an empty log.
            last_seen: that of the answer before, None for all.

        Returns:
            ``data`` text, ``last_seen``, ``stop_code``, ``exit_code``, ``error_msg``, ``restart_log``.
        """
        from hfai.client._operate import log_since

        return log_since(self, rank, last_seen)

    def log(self, rank: int = 0, last_seen: Optional[Mapping[str, Any]] = None) -> str:
        """The text of :meth:`log_ng`."""
        return str(self.log_ng(rank, last_seen)["data"])

    def search_in_global(self, content: str) -> list[int]:
        """How often a text occurs in the log of each rank, over all runs."""
        from hfai.client._operate import search

        return search(self, content)

    def sys_log(self) -> str:
        """What the platform has to say about each run."""
        from hfai.client._operate import sys_log

        return sys_log(self)

    def container_log(self, rank: int = 0) -> str:
        """What the platform has to say about one rank of the newest run: where and when it was started and why, how it ended.

        A HAI Platform tells the log of the rank's container instead, if it offers that.

        Args:
            rank: from 0.

        Raises:
            RankNotFound: it has no such rank.
            RefusedError: this platform does not offer it.
            HfaiError: no answer, or another refusal.

        Blocks for one request. Source: wire document, section 3.
        """
        from hfai.client._operate import container_log

        return container_log(self, self.id, rank)
