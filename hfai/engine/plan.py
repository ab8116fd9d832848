"""``plan(snapshot, now)``: which queued runs start on which nodes. Pure: no clock, no I/O, no chance.

Per group one line: higher priority first, then first come first served. Whoever finds all its nodes free starts; the first
that does not keeps everybody behind it waiting, so that nothing wide is starved by narrow tasks. What cannot start whatever
becomes free (too few nodes in the group, nodes cordoned, a wait after a failure) is passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from hfai.model.records import Pending


class QueuedRun(NamedTuple):
    """A run in line; its natural order is the order of the line.

    Attributes:
        minus_priority: the priority, negated.
        first_id: id of the first run of the chain: a restarted chain keeps its place.
        width: number of nodes.
        not_before: seconds since the epoch; it does not start earlier.
    """

    minus_priority: int
    first_id: int
    id: int
    width: int
    not_before: float = 0.0


class GroupState(NamedTuple):
    """One group of nodes.

    Attributes:
        size: how many nodes it has.
        usable: how many of them are ready and not cordoned.
        free: names of the usable ones that no run holds, in the order in which they are to be given out.
        queued: its line, in any order.
    """

    size: int
    usable: int
    free: Sequence[str]
    queued: Sequence[QueuedRun]


class Start(NamedTuple):
    """Start a run on these nodes, one rank each."""

    run_id: int
    nodes: tuple[str, ...]


class Plan(NamedTuple):
    """What to do now; ``wake_at`` is when time alone may change it, None if never."""

    starts: tuple[Start, ...]
    wake_at: Optional[float]


_NEXT = "next in queue: needs {nodes} nodes, {free} are free"
_POSITION = "{place} in queue: {ahead} ahead; needs {nodes} nodes, {free} are free"
_TOO_SMALL = "needs {nodes} nodes, group {group} has {size}"
_CORDONED = (
    "needs {nodes} nodes, {usable} of the {size} in group {group} can be used: the others are cordoned or not ready"
)
_BACKOFF = "starts again at {until}, after a failure of the platform"


def plan(groups: Mapping[str, GroupState], now: float) -> Plan:
    """Decide which runs start.

    Args:
        groups: every group with its nodes and its line.
        now: seconds since the epoch.

    Returns:
        The starts, first those that were first in line. Planning again right after they are carried out starts nothing.

    Blocks: no. Source: design, section 5, without interruption.
    """
    starts: list[Start] = []
    wake_at: Optional[float] = None
    for group in groups.values():
        taken = 0
        for run in sorted(group.queued):
            if run.not_before > now:
                wake_at = run.not_before if wake_at is None else min(wake_at, run.not_before)
            elif run.width > group.usable:
                continue
            elif run.width > len(group.free) - taken:
                break
            else:
                starts.append(Start(run.id, tuple(group.free[taken : taken + run.width])))
                taken += run.width
    return Plan(tuple(starts), wake_at)


def explain(name: str, group: GroupState, run: QueuedRun, position: int, now: float) -> Pending:
    """Why a run that the plan does not start waits.

    Args:
        name: of the group.
        group: its state when the plan was made.
        run: one of its line.
        position: the place of the run in the line, from 1.
        now: seconds since the epoch.
    """
    data: dict[str, Any] = {
        "position": position,
        "place": ordinal(position),
        "ahead": position - 1,
        "nodes": run.width,
        "free": len(group.free),
        "usable": group.usable,
        "size": group.size,
        "group": name,
    }
    if run.not_before > now:
        data["until"] = datetime.fromtimestamp(run.not_before).strftime("%H:%M:%S")
        return Pending("backoff", _BACKOFF, data, position)
    if run.width > group.size:
        return Pending("group_too_small", _TOO_SMALL, data, position)
    if run.width > group.usable:
        return Pending("cordoned", _CORDONED, data, position)
    if position == 1:
        return Pending("nodes", _NEXT, data, position)
    return Pending("position", _POSITION, data, position)


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    tail = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"
