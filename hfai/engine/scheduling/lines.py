"""Who waits: the queued runs of each group, one line per user and priority.

A plan needs not all of them. Of the runs of one user, priority and width the later ones are started only after the earlier ones, so
as many as could get nodes at once, and two more, stand for all (:meth:`Lines.kept`): whoever comes after waits for the reason of the last.
"""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from typing import Callable, Iterator, Mapping, NamedTuple

from hfai.engine.policy.explain import Place
from hfai.engine.policy.priority import worn
from hfai.engine.policy.snapshot import PinnedTask, PolicySettings, QueuedTask
from hfai.engine.scheduling.live import LiveRun
from hfai.model.priorities import Priority


class _Spot(NamedTuple):
    """A place in a line; its natural order is that of the line."""

    queued_at: float
    run_id: int


class _Line:
    """The queued runs of one user at one priority, first come first."""

    def __init__(self) -> None:
        self.places: list[_Spot] = []
        self.runs: dict[int, LiveRun] = {}
        self.widths: dict[int, int] = {}

    def join(self, run: LiveRun) -> None:
        bisect.insort(self.places, _Spot(run.queued_at, run.id))
        self.runs[run.id] = run
        self.widths[run.width] = self.widths.get(run.width, 0) + 1

    def leave(self, run: LiveRun) -> None:
        del self.places[bisect.bisect_left(self.places, _Spot(run.queued_at, run.id))]
        del self.runs[run.id]
        self.widths[run.width] -= 1
        if not self.widths[run.width]:
            del self.widths[run.width]


class Lines:
    """Every queued run.

    Args:
        settings: of the policy.
        has_quota: whether any quota limits a user in a group: AUTO then is no fixed priority.
    """

    def __init__(self, settings: PolicySettings, has_quota: Callable[[str, str], bool]) -> None:
        self._settings = settings
        self._has_quota = has_quota
        self._groups: dict[str, dict[tuple[str, int], _Line]] = {}
        self._held_back: dict[int, LiveRun] = {}
        self._pinned: dict[int, LiveRun] = {}

    def join(self, run: LiveRun) -> None:
        """The run gets in line."""
        if run.pinned_to is not None:
            self._pinned[run.id] = run
            return
        lines = self._groups.setdefault(run.group, {})
        lines.setdefault((run.user_name, self.priority(run)), _Line()).join(run)
        if run.not_before:
            self._held_back[run.id] = run

    def leave(self, run: LiveRun) -> None:
        """The run is no longer in line."""
        if self._pinned.pop(run.id, None) is not None:
            return
        lines, key = self._groups[run.group], (run.user_name, self.priority(run))
        lines[key].leave(run)
        self._held_back.pop(run.id, None)
        if not lines[key].runs:
            del lines[key]
            if not lines:
                del self._groups[run.group]

    def priority(self, run: LiveRun) -> int:
        """The priority at which a queued run stands in line; AUTO where only the plan can tell."""
        if run.priority == Priority.AUTO and not self._has_quota(run.user_name, run.group):
            return int(Priority.NORMAL)
        return worn(run.priority, run.ran_s, self._settings)

    @property
    def pinned(self) -> tuple[PinnedTask, ...]:
        """Those who wait for one certain node."""
        return tuple(run.pinned(run.pinned_to) for run in self._pinned.values() if run.pinned_to is not None)

    @property
    def groups(self) -> list[str]:
        """The groups that somebody waits for."""
        return list(dict.fromkeys([*self._groups, *(run.group for run in self._pinned.values())]))

    def priorities(self, group: str) -> set[int]:
        """The priorities at which somebody waits for a group."""
        return {priority for _, priority in self._groups.get(group, {})}

    def kept(self, group: str, reach: Mapping[int, int], now: float) -> Iterator[QueuedTask]:
        """The runs that a plan has to look at.

        Args:
            group: of nodes.
            reach: by priority, how many nodes those at it can get at once at most.
            now: seconds since the epoch.
        """
        for (_, priority), line in self._groups.get(group, {}).items():
            most = reach[priority]
            left = {width: min(count, most // width + 2) for width, count in line.widths.items()}
            held_back = [run for run in self._held_back.values() if run.not_before > now and run.id in line.runs]
            wanted = sum(left.values()) + len(held_back)
            skipped = 0
            for place in line.places:
                if not wanted:
                    break
                run = line.runs[place.run_id]
                if run.not_before > now:
                    wanted -= 1
                elif left[run.width]:
                    left[run.width] -= 1
                    wanted -= 1
                else:
                    skipped += 1
                    continue
                yield run.queued(skipped)
                skipped = 0

    def place(self, run: LiveRun, before: Callable[[str, int], int]) -> Place:
        """The place of a queued run in the line of its group.

        Args:
            run: it waits.
            before: how many turns a user has had at a priority: those that are running.
        """
        user, own_priority = run.user_name, self.priority(run)
        lines = self._groups[run.group]
        own_place = _Spot(run.queued_at, run.id)
        own_turn = before(user, own_priority) + bisect.bisect_left(lines[user, own_priority].places, own_place)
        ahead: Counter[int] = Counter()
        for (other, priority), line in lines.items():
            if priority > own_priority:
                ahead[priority] += len(line.places)
            elif priority == own_priority:
                turns = max(0, min(len(line.places), own_turn - before(other, priority)))
                ahead[priority] += turns
                if turns < len(line.places) and own_turn >= before(other, priority):
                    ahead[priority] += line.places[turns] < own_place
        ahead = +ahead  # without zeros
        return Place(1 + sum(ahead.values()), ahead)

    def in_order(self, group: str, before: Callable[[str, int], int]) -> Iterator[LiveRun]:
        """The queued runs of a group, the next one first, as :meth:`place` counts them; costs only what is taken of it. Those that are
        to check a node come before them all.
        """
        yield from sorted((run for run in self._pinned.values() if run.group == group), key=lambda run: run.id)

        def turns(user: str, priority: int, line: _Line) -> Iterator[tuple[int, int, _Spot, _Line]]:
            first = before(user, priority)
            return ((-priority, first + at, place, line) for at, place in enumerate(line.places))

        lines = self._groups.get(group, {})
        for _, _, place, line in heapq.merge(*(turns(*key, line) for key, line in lines.items())):
            yield line.runs[place.run_id]
