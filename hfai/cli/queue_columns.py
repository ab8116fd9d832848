"""Everybody's unfinished tasks as ``monitor task-overview`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hfai.cli.output import Column, Listing
from hfai.cli.task_columns import moment, status_colour
from hfai.cli.wording import said

if TYPE_CHECKING:
    from hfai.client import QueueTask, TaskOverview


def priority_name(number: int) -> str:
    """The name of a priority; the number where it has none."""
    from hfai.model.priorities import Priority

    return Priority(number).name if number in set(Priority) else str(number)


QUEUE = Listing(
    columns=(
        Column("position"),
        Column("id"),
        Column("nb_name"),
        Column("user_name"),
        Column("priority", lambda task: priority_name(task.priority)),
        Column("nodes"),
        Column("chain_status", colour=status_colour),
        Column("reason", lambda task: said(task.reason)),
        Column("group", is_wide=True),
        Column("assigned_nodes", lambda task: ", ".join(task.assigned_nodes), is_wide=True),
        Column("queued_at", lambda task: moment(task.queued_at), is_wide=True),
        Column("begin_at", lambda task: moment(task.begin_at), is_wide=True),
    ),
    name="nb_name",
    key="id",
)


def queue_json(overview: TaskOverview) -> dict[str, Any]:
    """The queue as ``--json`` prints it."""
    return {
        "running": overview.running,
        "waiting": overview.waiting,
        "is_whole": overview.is_whole,
        "counts": [{**count._asdict(), "priority_name": priority_name(count.priority)} for count in overview.counts],
        "tasks": [_task_json(task) for task in overview.tasks],
    }


def _task_json(task: QueueTask) -> dict[str, Any]:
    times = {name: at.isoformat() if (at := getattr(task, name)) else None for name in ("created_at", "queued_at", "begin_at")}
    return {**task._asdict(), "reason": said(task.reason), **times}
