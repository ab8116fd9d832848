"""Why a queued task waits, in words: made only when somebody asks, from the plan's own answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, Optional

from hfai.engine.policy.snapshot import Plan, PolicySettings, RunningTask, Snapshot
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
    "cordoned": "needs {nodes} nodes, {usable} of the {size} in group {group} can be used: the others are cordoned or not ready",
    "backoff": "starts again at {until}, after a failure of the platform",
}


def explain(
    snapshot: Snapshot, decided: Plan, settings: PolicySettings, run_id: int, names: Mapping[int, str]
) -> Optional[Pending]:
    """Say why a queued run waits.

    Args:
        snapshot: what the plan was made from.
        decided: the plan.
        settings: the policy's numbers, in seconds.
        run_id: the queued run.
        names: task names by run id.

    Returns:
        The reason, None if the plan starts the run or does not know it.

    Blocks: no; costs a walk over the running tasks of the group.
    """
    wait = decided.waits.get(run_id)
    task = next((task for task in snapshot.queued if task.run_id == run_id), None)
    if wait is None or task is None:
        return None
    group = [node for node in snapshot.nodes if node.group == task.group]
    running = [run for run in snapshot.running if run.group == task.group]
    held = {name for run in running for name in run.nodes}
    usable = [node.name for node in group if node.is_usable]
    data: dict[str, Any] = {
        "position": wait.position,
        "place": _ordinal(wait.position),
        "ahead": wait.position - 1,
        "nodes": task.width,
        "group": task.group,
        "size": len(group),
        "usable": len(usable),
        "free": sum(name not in held for name in usable),
        "priority": Priority(wait.priority).name,
    }
    code = wait.code
    if code == "backoff":
        data["until"] = _clock(task.not_before)
    elif code == "saving":
        holder = next((suspend.run_id for suspend in decided.suspends if suspend.for_run_id == run_id), None)
        holder = holder or next((run.run_id for run in running if run.is_leaving), None)
        code = "leaving" if holder is None else "saving"
        data["holder"] = names.get(holder or 0, str(holder))
    elif code in ("nodes", "turn"):
        code = _held(data, running, settings, names)
    return Pending(code=code, template=TEMPLATES[code], data=data, position=wait.position)


def _held(data: dict[str, Any], running: list[RunningTask], settings: PolicySettings, names: Mapping[int, str]) -> str:
    """Name the running task whose slice ends first; the template that fits."""
    staying = [run for run in running if not run.is_leaving]
    if not staying:
        return "waits"
    first = min(staying, key=lambda run: (_slice_end(run, settings), run.run_id))
    data["held"] = len(first.nodes)
    data["holder"] = names.get(first.run_id, str(first.run_id))
    data["until"] = _clock(_slice_end(first, settings))
    return "next_held" if data["ahead"] == 0 else "held"


def _slice_end(run: RunningTask, settings: PolicySettings) -> float:
    return run.started_at + (settings.min_slice_s if run.is_borrowing else settings.slice_s)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M")


def _ordinal(number: int) -> str:
    tail = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"
