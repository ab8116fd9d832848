"""``query/task/queue`` and ``query/task/list_all_with_priority``: everybody's unfinished tasks, as everybody may see them."""

from __future__ import annotations

from typing import Any

from hfai.engine.http.call import Answer, Call
from hfai.engine.queries import QueueView
from hfai.model.records import local_time

_MOST = 100
_LARGEST = 1000


async def queue(call: Call) -> Answer:
    """The tasks that have nodes, then those that wait, of each group the next one first, with names, nodes and why they wait;
    ``limit`` of those that run and of those that wait for a group (100, at most 1000), and how many there are in all.
    """
    limit = call.arguments.whole("limit", _MOST)
    if not 0 <= limit <= _LARGEST:
        call.arguments.wrong("limit", f"ensure this value is from 0 to {_LARGEST}")
    call.arguments.ensure_valid()
    rows = [_row(view) for view in call.engine.queue(limit, call.user)]
    return {"success": 1, "result": {"counts": _counts(call), "tasks": rows}}


async def list_all_with_priority(call: Call) -> Answer:
    """How many unfinished tasks all users have, by priority and queue status."""
    return {"success": 1, "result": _counts(call)}


def _counts(call: Call) -> list[dict[str, Any]]:
    counts = sorted(call.engine.queue_counts(), key=lambda row: (-row[0], row[1]))
    return [{"priority": priority, "queue_status": status, "count": count} for priority, status, count in counts]


def _row(view: QueueView) -> dict[str, Any]:
    return {
        "id": view.id,
        "nb_name": view.nb_name,
        "user_name": view.user_name,
        "group": view.group,
        "nodes": view.nodes,
        "priority": view.priority,
        "queue_status": view.queue_status,
        "chain_status": view.chain_status,
        "assigned_nodes": list(view.node_names),
        "created_at": local_time(view.created_at),
        "queued_at": local_time(view.queued_at),
        "begin_at": local_time(view.begin_at),
        "pending": view.pending.to_wire() if view.pending else None,
    }
