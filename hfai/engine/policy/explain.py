"""Why a queued task waits, in words: made only when somebody asks, from the plan's own answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.engine.policy.snapshot import Plan, PolicySettings, QueuedTask, RunningTask, Snapshot, Wait, slice_end
from hfai.model.priorities import Priority
from hfai.model.records import Pending

TEMPLATES: Mapping[str, str] = {
    "held": "{place} in queue: {ahead} ahead; needs {nodes} nodes, {free} are free, {held} held by {holder} (running, slice ends {until})",
    "next_held": "next in queue: needs {nodes} nodes, {free} are free, {held} held by {holder} (running, slice ends {until})",
    "waits": "{place} in queue: {ahead} ahead; needs {nodes} nodes, {free} are free",
    "saving": "next to start: waits for {holder} to save and leave its nodes",
    "leaving": "next to start: waits for nodes that are being vacated",
    "quota": "your quota of nodes at {priority} in group {group} is in use: starts when another task of yours ends",
    "own": "{place} in queue: your earlier task at {priority} is first and needs more nodes than are free",
    "group_too_small": "needs {nodes} nodes, group {group} has {size}",
    "cordoned": "needs {nodes} nodes, {usable} of the {size} in group {group} can be used; {out} cordoned: {cordoned}",
    "backoff": "starts again at {until}, after a failure of the platform",
}

_MOST_NAMED = 3


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
    cordoned: tuple[str, ...]
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
        cordoned=tuple(f"{node.name}, {node.why_not}" for node in nodes if not node.is_usable),
        free=sum(name not in held for name in usable),
        first=min(staying, key=lambda run: (slice_end(run, settings), run.run_id), default=None),
        leaving=next((run for run in running if run.is_leaving), None),
    )


def say(
    task: QueuedTask,
    wait: Wait,
    facts: GroupFacts,
    decided: Plan,
    settings: PolicySettings,
    names: Mapping[int, str],
) -> Pending:
    """The reason in words, from what is known of the group."""
    data: dict[str, Any] = {
        "position": wait.position,
        "place": _ordinal(wait.position),
        "ahead": wait.position - 1,
        "nodes": task.width,
        "group": task.group,
        "size": facts.size,
        "usable": facts.usable,
        "free": facts.free,
        "priority": Priority(wait.priority).name,
    }
    code = wait.code
    if code == "cordoned":
        data["out"], data["cordoned"] = len(facts.cordoned), _few(facts.cordoned)
    elif code == "backoff":
        data["until"] = _clock(task.not_before)
    elif code == "saving":
        holder = next((suspend.run_id for suspend in decided.suspends if suspend.for_run_id == task.run_id), None)
        holder = holder or (facts.leaving and facts.leaving.run_id)
        code = "leaving" if holder is None else "saving"
        data["holder"] = names.get(holder or 0, str(holder))
    elif code in ("nodes", "turn"):
        code = _held(data, facts.first, settings, names)
    return Pending(code=code, template=TEMPLATES[code], data=data, position=wait.position)


def _held(
    data: dict[str, Any], first: Optional[RunningTask], settings: PolicySettings, names: Mapping[int, str]
) -> str:
    """Name the running task whose slice ends first; the template that fits."""
    if first is None:
        return "waits"
    data["held"] = len(first.nodes)
    data["holder"] = names.get(first.run_id, str(first.run_id))
    data["until"] = _clock(slice_end(first, settings))
    return "next_held" if data["ahead"] == 0 else "held"


def _few(texts: tuple[str, ...]) -> str:
    return "; ".join((*texts[:_MOST_NAMED], *(("...",) if len(texts) > _MOST_NAMED else ())))


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M")


def _ordinal(number: int) -> str:
    tail = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"
