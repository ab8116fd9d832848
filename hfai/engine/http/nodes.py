"""``query/node/list``, ``client_overview`` and ``usage``: the nodes, how many of them work, and how hard."""

from __future__ import annotations

from typing import Any, Sequence

from hfai.engine.http.call import Answer, Call
from hfai.engine.queries import NodeView
from hfai.engine.usage import Rank
from hfai.model.phrase import packed
from hfai.model.records import local_time


async def list_nodes(call: Call) -> Answer:
    """One row per node with what runs on it (wire document, section 6); ours adds ``working_task_name``,
    ``cordon_reason``, ``cordoned_by`` and ``cordoned_at``.
    """
    rows = [node_row(view) for view in call.engine.nodes()]
    return {"success": 1, "cluster_df": rows, "containers": ["default"], "mount_code": {}}


async def client_overview(call: Call) -> Answer:
    """Totals over all nodes and by kind."""
    views = call.engine.nodes()
    with_gpu = [view for view in views if view.node.gpus]
    without = [view for view in views if not view.node.gpus]
    result = {**_totals(views), "gpu_detail": _totals(with_gpu), "cpu_detail": _totals(without)}
    return {"success": 1, "result": result}


async def usage(call: Call) -> Answer:
    """How busy the machine is and what each rank uses of it, since the look before."""
    engine = call.engine
    ranks = [
        Rank(view.node.name, view.working.run_id, view.working.rank, engine.rank_dir(view.working.run_id, view.working.rank))
        for view in engine.nodes()
        if view.working is not None
    ]
    return {"success": 1, "result": await engine.usage.usage(ranks)}


def _is_usable(view: NodeView) -> bool:
    return view.node.is_usable


def _totals(views: Sequence[NodeView]) -> dict[str, Any]:
    working = sum(1 for view in views if view.working is not None)
    free = sum(1 for view in views if view.working is None and _is_usable(view))
    return {
        "other": len(views) - working - free,
        "usage_rate": working / (working + free) if working else 0.0,
        "total": len(views),
        "working": working,
        "free": free,
    }


def node_row(view: NodeView) -> dict[str, Any]:
    """A node as it goes over the wire."""
    node, working = view.node, view.working
    return {
        "name": node.name,
        "status": "Ready" if node.is_ready else "NotReady",
        "roles": "node",
        "mars_group": node.group,
        "group": node.group.rpartition(".")[2],
        "gpu_num": len(node.gpus),
        "cpu": node.cpu,
        "memory": node.memory_bytes,
        "nodes": 1,
        "cluster": "default_cluster",
        "type": "gpu" if node.gpus else "cpu",
        "use": "training",
        "room": "",
        "origin_group": node.group,
        "schedule_zone": "",
        "internal_ip": "127.0.0.1",
        "working": "training" if working else None,
        "working_user": working.user_name if working else None,
        "working_user_role": "internal" if working else None,
        "working_task_id": working.run_id if working else None,
        "working_task_rank": working.rank if working else None,
        "working_task_name": working.nb_name if working else None,
        "cluster_host": "127.0.0.1",
        "flag": 0,
        "spine": None,
        "leaf": None,
        "current_category": "training" if _is_usable(view) else "err",
        "cordon_reason": str(node.cordon.reason) if node.cordon else None,
        "cordon_said": packed(node.cordon.reason) if node.cordon else None,
        "cordoned_by": node.cordon.by if node.cordon else None,
        "cordoned_at": local_time(node.cordon.since) if node.cordon else None,
    }
