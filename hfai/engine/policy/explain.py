"""What the policy says, in words: why a queued task waits, made only when somebody asks, and why a run was started or is to yield."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.engine.policy.snapshot import (
    PinnedTask,
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
from hfai.model.phrase import Phrase
from hfai.model.priorities import Priority
from hfai.model.records import Pending

TEMPLATES: Mapping[str, str] = {
    "held": "{place} in queue: {before}; needs {need}, {are_free}, {held} held by {holder} (running, slice ends {until})",
    "next_held": "next in queue: needs {need}, {are_free}, {held} held by {holder} (running, slice ends {until})",
    "waits": "{place} in queue: {before}; needs {need}, {are_free}",
    "next_waits": "next in queue: needs {need}, {are_free}",
    "saving": "next to start: waits for {holder} to save and leave its nodes",
    "leaving": "next to start: waits for nodes that are being vacated",
    "quota": "your quota of nodes at {priority} in group {group} is in use: starts when another task of yours ends",
    "own": "{place} in queue: your earlier task at {priority} is first and needs more nodes than are free",
    "group_too_small": "needs {need}, group {group} has {size}",
    "cordoned": "needs {need}, {usable} of the {size} in group {group} can be used; {out} cordoned: {cordoned}",
    "backoff": "starts again at {until}: {why}",
    "node_busy": "waits for node {node}: {holder} ({holder_id}) of {user} runs there, and is not interrupted for a check",
    "node_next": "next to start on node {node}",
    "node_gone": "waits for node {node}, which is not there any more: stop it",
}

# Said of somebody else's task: whose quota it is, and nothing of how it failed before.
_OF_OTHERS: Mapping[str, str] = {
    "quota": Phrase("its user's quota of nodes at {priority} in group {group} is in use: starts when another task of theirs ends"),
    "own": Phrase("{place} in queue: an earlier task of its user at {priority} is first and needs more nodes than are free"),
    "backoff": Phrase("starts again at {until}"),
}

_MOST_NAMED = 3


class Place(NamedTuple):
    """Where a queued task stands in the line of its group.

    Attributes:
        position: from 1.
        ahead: how many stand before it, by priority.
    """

    position: int
    ahead: Mapping[int, int]


class GroupFacts(NamedTuple):
    """What explanations say of a group of nodes.

    Attributes:
        size: its nodes.
        usable: those that are ready and not cordoned.
        cordoned: the others, each with its reason.
        free: the usable ones that nobody holds.
        first: the running task whose slice ends first.
        leaving: one that is on its way out.
    """

    size: int
    usable: int
    cordoned: tuple[Phrase, ...]
    free: int
    first: Optional[RunningTask]
    leaving: Optional[RunningTask]


def facts_of(snapshot: Snapshot, settings: PolicySettings, group: str) -> GroupFacts:
    """Look at a group once for any number of explanations; costs a walk over its nodes and running tasks."""
    nodes = [node for node in snapshot.nodes if node.group == group]
    running = [run for run in snapshot.running if run.group == group]
    held = {name for run in running for name in run.nodes}
    usable = [node.name for node in nodes if node.is_usable]
    staying = [run for run in running if not run.is_leaving]
    return GroupFacts(
        size=len(nodes),
        usable=len(usable),
        cordoned=tuple(Phrase("{node} ({why})", node=node.name, why=node.why_not) for node in nodes if not node.is_usable),
        free=sum(name not in held for name in usable),
        first=min(staying, key=lambda run: (slice_end(run, settings), run.run_id), default=None),
        leaving=next((run for run in running if run.is_leaving), None),
    )


def say(
    task: QueuedTask,
    wait: Wait,
    place: Place,
    facts: GroupFacts,
    decided: Plan,
    settings: PolicySettings,
    names: Mapping[int, str],
    held_back: str = "",
) -> Pending:
    """The reason in words, from what is known of the group.

    Args:
        held_back: why it is not started before a certain time, if it is not.
    """
    data: dict[str, Any] = {
        "position": place.position,
        "place": _ordinal(place.position),
        "ahead": place.position - 1,
        "before": _before(place),
        "nodes": task.width,
        "need": _nodes(task.width),
        "group": task.group,
        "size": facts.size,
        "usable": facts.usable,
        "free": facts.free,
        "are_free": _are_free(facts.free),
        "priority": Priority(wait.priority).name,
    }
    code = wait.code
    if code == "cordoned":
        data["out"], data["cordoned"] = len(facts.cordoned), _few(facts.cordoned)
    elif code == "backoff":
        data["until"], data["why"] = _second(task.not_before), held_back
    elif code == "saving":
        holder = next((suspend.run_id for suspend in decided.suspends if suspend.for_run_id == task.run_id), None)
        holder = holder or (facts.leaving and facts.leaving.run_id)
        code = "leaving" if holder is None else "saving"
        data["holder"] = names.get(holder or 0, str(holder))
    elif code in ("nodes", "turn"):
        code = _held(data, facts.first, settings, names)
    return Pending(code=code, template=TEMPLATES[code], data=data, position=place.position)


def of_others(pending: Pending) -> Pending:
    """The reason as everybody may see it."""
    template = _OF_OTHERS.get(pending.code)
    if template is None:
        return pending
    data = {name: value for name, value in pending.data.items() if name != "why"}
    return Pending(pending.code, template, data, pending.position)


def say_pinned(
    task: PinnedTask, wait: Wait, holder: Optional[tuple[int, str, str]], held_back: str = ""
) -> Pending:
    """The same for a run that is to check one certain node.

    Args:
        holder: who runs there: id, name and user.
    """
    code, data = wait.code, {"node": task.node}
    if code == "backoff":
        data.update(until=_second(task.not_before), why=held_back)
    elif code == "node_busy" and holder is None:
        code = "node_next"
    elif code == "node_busy" and holder is not None:
        data.update(holder_id=str(holder[0]), holder=holder[1], user=holder[2])
    return Pending(code=code, template=TEMPLATES[code], data=data, position=wait.position)


def _held(
    data: dict[str, Any], first: Optional[RunningTask], settings: PolicySettings, names: Mapping[int, str]
) -> str:
    """Name the running task whose slice ends first; the template that fits."""
    is_next = data["ahead"] == 0
    if first is None:
        return "next_waits" if is_next else "waits"
    data["held"] = len(first.nodes)
    data["holder"] = names.get(first.run_id, str(first.run_id))
    data["until"] = clock(slice_end(first, settings))
    return "next_held" if is_next else "held"


def _few(texts: tuple[Phrase, ...]) -> Phrase:
    """One phrase of several, so that each can be said in the user's language."""
    if not texts:  # lifted since
        return Phrase("")
    named = [*texts[:_MOST_NAMED]]
    said = Phrase("...") if len(texts) > _MOST_NAMED else named.pop()
    for one in reversed(named):
        said = Phrase("{one}; {others}", one=one, others=said)
    return said


def say_start(start: Start, wide: str) -> Phrase:
    """Why a run is started now; ``wide``: the name of the task that it stands behind, if it does."""
    priority = Priority(start.priority).name
    if start.behind is None:
        return Phrase("first in line at {priority}", priority=priority)
    return Phrase(
        "on nodes that {wide} ({wide_id}), ahead of it, cannot use yet; it will be the first to yield them",
        wide=wide,
        wide_id=start.behind,
        priority=priority,
    )


def say_check(node: str) -> Phrase:
    """Why a check of a node is started now."""
    return Phrase("to check node {node}, which is free now", node=node)


def say_suspend(suspend: Suspend, run: RunningTask, settings: PolicySettings, gainer: str, gainer_user: str) -> Phrase:
    """Why a run is to yield."""
    data = {
        "name": gainer,
        "id": suspend.for_run_id,
        "user": gainer_user,
        "priority": Priority(suspend.priority).name,
        "until": clock(slice_end(run, settings)),
    }
    if suspend.is_higher:
        return Phrase("a higher priority asks: it makes room for {name} ({id}) of {user} at {priority}", **data)
    return Phrase(
        "its time slice ended at {until}: it makes room for {name} ({id}) of {user}, who waits for a turn", **data
    )


def _before(place: Place) -> Phrase:
    """How many are ahead, and at which priority."""
    ahead = place.position - 1
    if len(place.ahead) == 1:
        return Phrase("{ahead} ahead at {priority}", ahead=ahead, priority=Priority(next(iter(place.ahead))).name)
    highest = max(place.ahead, default=0)
    return Phrase(
        "{ahead} ahead, {count} of them at {priority}",
        ahead=ahead,
        count=place.ahead.get(highest, 0),
        priority=Priority(highest).name,
    )


def _nodes(count: int) -> Phrase:
    return Phrase("1 node") if count == 1 else Phrase("{count} nodes", count=count)


def _are_free(count: int) -> Phrase:
    if count == 0:
        return Phrase("none is free")
    return Phrase("1 is free") if count == 1 else Phrase("{count} are free", count=count)


def clock(at: float) -> str:
    """A time of day, local: ``14:20``."""
    return datetime.fromtimestamp(at).strftime("%H:%M")


def _second(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M:%S")


def _ordinal(number: int) -> str:
    tail = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"
