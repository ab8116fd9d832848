"""``plan(snapshot, settings, now)``: the eight rules of the design, section 5, as one pure function.

Per group, running and waiting tasks stand in one line and take nodes in its order:

1. by priority;
2. within a priority those inside their time slice, then everybody in turns: the first task of each user before the second
   of any, and within a turn who has waited longest. A task whose slice is over waits since its slice ended.

Whoever finds enough nodes left gets or keeps them. A waiting task that does not is blocked: it keeps its place, later ones may
borrow what is left and, standing behind it, are the first to yield. A running task that does not yields.

Before all that, whoever is to check one certain node gets it as soon as it is free.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from operator import attrgetter
from typing import Optional, Union

from hfai.engine.policy.priority import ABOVE_NORMAL, AUTO, NORMAL, QuotaBook, worn
from hfai.engine.policy.snapshot import (
    Plan,
    PolicySettings,
    QueuedTask,
    RunningTask,
    Snapshot,
    Start,
    Suspend,
    Wait,
    slice_end,
)

_Key = tuple[int, int, int, float, int]
_Entry = tuple[_Key, int, Union[RunningTask, QueuedTask], bool]


_arrival = attrgetter("queued_at", "run_id")


def _key(entry: _Entry) -> _Key:
    return entry[0]


def plan(snapshot: Snapshot, settings: PolicySettings, now: float) -> Plan:
    """Decide who starts, who yields and why everybody else waits.

    Args:
        snapshot: nodes, running and queued runs, quotas.
        settings: slices and the like, in seconds.
        now: seconds since the epoch.

    Returns:
        The decisions. Planning again right after they are carried out decides nothing more.

    Blocks: no. Depends on nothing but its arguments. Source: design, section 5.
    """
    usable: dict[str, list[str]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for node in snapshot.nodes:
        sizes[node.group] += 1
        if node.is_usable:
            usable[node.group].append(node.name)
    running: dict[str, list[RunningTask]] = defaultdict(list)
    for run in snapshot.running:
        running[run.group].append(run)
    queued: dict[str, list[QueuedTask]] = defaultdict(list)
    for task in snapshot.queued:
        queued[task.group].append(task)
    starts: list[Start] = []
    waits: dict[int, Wait] = {}
    for check in _pin(snapshot, now, starts, waits):
        running[check.group].append(check)
    book = QuotaBook(snapshot.quotas)
    for run in snapshot.running:
        if run.is_pinned:
            continue
        book.take(run.user, run.group, _running_priority(run, settings, now), len(run.nodes))
    suspends: list[Suspend] = []
    for group, tasks in queued.items():
        line = _Group(group, usable[group], sizes[group], running[group], book, settings, now)
        line.admit(tasks)
        line.walk()
        starts += line.starts
        suspends += line.suspends
        waits.update(line.waits)
    return Plan(tuple(starts), tuple(suspends), waits, _wake_at(snapshot, starts, settings, now))


def _pin(snapshot: Snapshot, now: float, starts: list[Start], waits: dict[int, Wait]) -> list[RunningTask]:
    """Start those that check a node which nobody holds; as the others see them, which is as they will be in the next plan."""
    if not snapshot.pinned:
        return []
    held = {name for run in snapshot.running for name in run.nodes}
    known = {node.name for node in snapshot.nodes}
    positions: dict[str, int] = defaultdict(int)
    started = []
    for task in sorted(snapshot.pinned, key=_arrival):
        if task.not_before <= now and task.node in known - held:
            held.add(task.node)
            starts.append(Start(task.run_id, (task.node,), NORMAL))
            started.append(
                RunningTask(task.run_id, task.user, task.group, NORMAL, (task.node,), now, is_leaving=True, is_pinned=True)
            )
            continue
        positions[task.node] += 1
        code = "backoff" if task.not_before > now else "node_busy" if task.node in known else "node_gone"
        waits[task.run_id] = Wait(code, positions[task.node], NORMAL)
    return started


def _running_priority(run: RunningTask, settings: PolicySettings, now: float) -> int:
    return worn(run.priority, run.ran_s + now - run.started_at, settings)


class _Group:
    """The line of one group of nodes."""

    def __init__(
        self,
        group: str,
        usable: list[str],
        size: int,
        running: list[RunningTask],
        book: QuotaBook,
        settings: PolicySettings,
        now: float,
    ) -> None:
        self._group, self._size, self._book, self._settings, self._now = group, size, book, settings, now
        self._usable_count = len(usable)
        held = {name for run in running for name in run.nodes}
        self._free = [name for name in usable if name not in held]
        able = set(usable)
        self._gain = {run.run_id: sum(name in able for name in run.nodes) for run in running}
        self._coming = sum(self._gain[run.run_id] for run in running if run.is_leaving)
        self._staying = [run for run in running if not run.is_leaving]
        self._line: list[_Entry] = []
        self.starts: list[Start] = []
        self.suspends: list[Suspend] = []
        self.waits: dict[int, Wait] = {}

    def admit(self, queued: list[QueuedTask]) -> None:
        """Put everybody in line."""
        now, settings = self._now, self._settings
        turns: dict[tuple[str, int], int] = defaultdict(int)
        line: list[_Entry] = []
        for run in sorted(self._staying, key=lambda run: run.started_at):
            priority = _running_priority(run, settings, now)
            turn = turns[run.user, priority]
            turns[run.user, priority] = turn + 1
            ends_at = slice_end(run, settings)
            is_over = now >= ends_at
            since = run.queued_at if run.is_borrowing else ends_at
            line.append(((-priority, int(is_over), turn if is_over else 0, since, run.run_id), priority, run, True))
        for task in sorted(queued, key=_arrival):
            priority = task.priority
            if priority == ABOVE_NORMAL:
                priority = worn(priority, task.ran_s, settings)
            has_room = True
            if priority == AUTO:
                priority, has_room = self._book.auto(task.user, self._group, task.width)
            turn = turns[task.user, priority] + task.skipped
            turns[task.user, priority] = turn + 1
            line.append(((-priority, 1, turn, task.queued_at, task.run_id), priority, task, has_room))
        line.sort(key=_key)
        self._line = line

    def walk(self) -> None:
        """Give out the nodes in the order of the line."""
        left = len(self._free) + self._coming + sum(self._gain[run.run_id] for run in self._staying)
        claims: list[tuple[QueuedTask, int, Optional[int]]] = []
        yielding: list[tuple[RunningTask, int]] = []
        blocked: dict[tuple[str, int], float] = {}
        first_blocked: Optional[int] = None
        position = 0
        for key, priority, entry, has_room in self._line:  # grows behind the place it is read at
            if isinstance(entry, RunningTask):
                gain = self._gain[entry.run_id]
                if gain <= left:
                    left -= gain
                else:
                    yielding.append((entry, priority))
                continue
            code = self._hindrance(entry, priority, has_room, blocked)
            if code == "quota" and entry.priority == AUTO:
                lower, has_room = self._book.auto(entry.user, self._group, entry.width)
                if has_room and lower < priority:
                    insort(self._line, ((-lower, *key[1:]), lower, entry, True))
                    continue
            position += 1
            if code is None and entry.width <= left:
                left -= entry.width
                self._book.take(entry.user, self._group, priority, entry.width)
                claims.append((entry, priority, first_blocked))
                self.waits[entry.run_id] = Wait("saving", position, priority)
                continue
            if code == "quota":
                self._book.close(entry.user, self._group, priority)
            elif code is None:
                code = "turn" if blocked else "nodes"
                first_blocked = entry.run_id if first_blocked is None else first_blocked
                blocked.setdefault((entry.user, priority), entry.queued_at + self._settings.patience_s)
            self.waits[entry.run_id] = Wait(code, position, priority)
        self._settle(claims, yielding)

    def _hindrance(
        self, task: QueuedTask, priority: int, has_room: bool, blocked: dict[tuple[str, int], float]
    ) -> Optional[str]:
        if task.not_before > self._now:
            return "backoff"
        if task.width > self._size:
            return "group_too_small"
        if task.width > self._usable_count:
            return "cordoned"
        if not has_room or not self._book.has_room(task.user, self._group, priority, task.width):
            return "quota"
        # Nobody yields to the same user at the same priority, so this task would stay in the way of the user's own earlier one.
        return "own" if self._now >= blocked.get((task.user, priority), self._now + 1) else None

    def _settle(
        self, claims: list[tuple[QueuedTask, int, Optional[int]]], yielding: list[tuple[RunningTask, int]]
    ) -> None:
        """Start what can start on nodes free now; keep the rest for those whose nodes are being vacated."""
        free, coming = self._free, self._coming + sum(self._gain[run.run_id] for run, _ in yielding)
        waiting: list[tuple[QueuedTask, int]] = []
        for task, priority, behind in claims:
            if task.width <= len(free):
                if task.avoid:
                    free = sorted(free, key=lambda name: name in task.avoid)
                nodes, free = tuple(free[: task.width]), free[task.width :]
                self.starts.append(Start(task.run_id, nodes, priority, behind))
                del self.waits[task.run_id]
                continue
            from_free = max(0, task.width - coming)
            coming -= task.width - from_free
            free = free[from_free:]
            waiting.append((task, priority))
        for run, priority in yielding:
            gainer = next((task for task, asks in waiting if asks > priority or task.user != run.user), None)
            if gainer is None:
                continue
            asks = next(asks for task, asks in waiting if task is gainer)
            self.suspends.append(Suspend(run.run_id, gainer.run_id, asks, asks > priority))


def _wake_at(snapshot: Snapshot, starts: list[Start], settings: PolicySettings, now: float) -> Optional[float]:
    """The next moment at which a slice ends, a priority wears off or a back-off is over, if anybody still waits."""
    if len(starts) == len(snapshot.queued) + len(snapshot.pinned):
        return None
    held_back = [task.not_before for task in snapshot.queued] + [task.not_before for task in snapshot.pinned]
    moments = [at for at in held_back if at > now]
    for run in snapshot.running:
        if run.is_leaving:
            continue
        moments.append(slice_end(run, settings))
        if run.priority == ABOVE_NORMAL:
            moments.append(run.started_at + settings.demote_after_s - run.ran_s)
    for start in starts:
        moments.append(now + (settings.min_slice_s if start.is_borrowing else settings.slice_s))
        if start.priority == ABOVE_NORMAL:
            moments.append(now + settings.demote_after_s)
    return min((moment for moment in moments if moment > now), default=None)
