"""``task_overview``: everybody's unfinished tasks: who has nodes, who waits and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.client._wire_field import wire_time
from hfai.model.errors import NotAuthorised, RefusedError
from hfai.model.phrase import gathered

# What HAI Platform calls both.
_UNFINISHED = ["queued", "scheduled"]
_OWN_PAGE = 100


class PriorityCount(NamedTuple):
    """How many unfinished tasks there are at a priority.

    Attributes:
        priority: as a number.
        running: those that have nodes.
        waiting: those that have none.
    """

    priority: int
    running: int
    waiting: int


class QueueTask(NamedTuple):
    """An unfinished task as everybody may see it: nothing of what it executes.

    Attributes:
        id: its newest run.
        nb_name, user_name, group: as in :class:`Experiment`.
        nodes: how many it takes.
        priority: as a number.
        chain_status: ``running``, ``waiting_init`` or ``suspended``.
        position: its place in the line of its group, 1 is next; None while it runs, and where the platform does not say.
        reason: why it waits, in English (a :class:`~hfai.model.phrase.Phrase`); empty likewise.
        assigned_nodes: where it runs, by rank.
        created_at: when this run was made, as naive local datetimes.
        queued_at: since when it has its place in line.
        begin_at: since when it has its nodes; None while it waits.
    """

    id: int
    nb_name: str
    user_name: str
    group: str
    nodes: int
    priority: int
    chain_status: str
    position: Optional[int]
    reason: str
    assigned_nodes: tuple[str, ...]
    created_at: Optional[datetime]
    queued_at: Optional[datetime]
    begin_at: Optional[datetime]

    @property
    def is_running(self) -> bool:
        """Whether it has its nodes."""
        return self.chain_status == "running"


class TaskOverview(NamedTuple):
    """The queue at one moment.

    Attributes:
        counts: by priority, the highest first, of all users.
        tasks: those that run, by priority and since when, then those that wait, of each group the next one first.
        is_whole: whether ``tasks`` are of all users; False where the platform tells only one's own.
    """

    counts: tuple[PriorityCount, ...]
    tasks: tuple[QueueTask, ...]
    is_whole: bool

    @property
    def running(self) -> int:
        """How many tasks have nodes, listed or not."""
        return sum(count.running for count in self.counts)

    @property
    def waiting(self) -> int:
        """How many wait, listed or not."""
        return sum(count.waiting for count in self.counts)


def task_overview(limit: int = 100, start_engine: bool = True) -> TaskOverview:
    """Everybody's unfinished tasks, as everybody may see them.

    Args:
        limit: the most that are listed of those that run, and of those that wait for a group; 0 to 1000. All are counted.
        start_engine: whether the engine of this machine is started where somebody has ended it; for programs that ask again and again.

    Raises:
        UsageError: ``limit`` is out of range.
        UnreachableError: no answer.
        HfaiError: another refusal.

    Blocks for one request, of a HAI Platform for two or three. Source: wire document, section 3.

    Example:
        >>> [(task.position, task.nb_name, str(task.reason)) for task in task_overview().tasks]  # doctest: +SKIP
        [(None, 'runs', ''), (1, 'waits', 'next in queue: needs 2 nodes, 1 is free')]
    """
    session, revive = _session.current(), not start_engine
    if not session.is_haiplatform:
        answer = session.post("query/task/queue", {"limit": limit}, revive=revive)["result"]
        return TaskOverview(_counts(answer["counts"]), tuple(map(_task, answer["tasks"])), is_whole=True)
    counts = _counts(session.post("query/task/list_all_with_priority")["result"])
    try:
        rows, is_whole = session.post("query/task/list_all_unfinished")["result"], True
    except (NotAuthorised, RefusedError):  # for its internal users only
        query: _session.Query = {"page": 1, "page_size": _OWN_PAGE, "queue_status": _UNFINISHED, "select_pods": False}
        rows, is_whole = session.post("query/task/list", query)["result"]["tasks"], False
    tasks = sorted(map(_task, rows), key=lambda task: (not task.is_running, -task.priority, task.id))
    running = [task for task in tasks if task.is_running]
    return TaskOverview(counts, (*running[:limit], *tasks[len(running) :][:limit]), is_whole)


def _counts(rows: list[Mapping[str, Any]]) -> tuple[PriorityCount, ...]:
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(int(row["priority"]), [0, 0])[row["queue_status"] == "queued"] += int(row["count"])
    return tuple(PriorityCount(priority, *found[priority]) for priority in sorted(found, reverse=True))


def _task(row: Mapping[str, Any]) -> QueueTask:
    is_queued, pending = row["queue_status"] == "queued", row.get("pending")
    created_at = wire_time(row["created_at"])
    return QueueTask(
        id=int(row["id"]),
        nb_name=str(row["nb_name"]),
        user_name=str(row["user_name"]),
        group=str(row["group"]),
        nodes=int(row["nodes"]),
        priority=int(row["priority"]),
        chain_status=str(row["chain_status"]) or ("waiting_init" if is_queued else "running"),
        position=pending["position"] if pending else None,
        reason=gathered("text", pending) if pending else "",
        assigned_nodes=() if is_queued else tuple(row["assigned_nodes"]),
        created_at=created_at,
        queued_at=wire_time(row.get("queued_at")) or created_at,
        begin_at=None if is_queued else wire_time(row["begin_at"]),
    )
