"""``nodes``: the nodes of the platform."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _session


class NodeInfo(NamedTuple):
    """One node (wire document, section 6).

    Attributes:
        name: its name.
        group: its group, the last part of ``label``.
        label: the dotted group label that ``nodes --tree`` splits; None if the node has none.
        is_ready: whether tasks can be put on it.
        gpu_num: number of GPUs.
        cpu: number of cores.
        memory_bytes: memory.
        working_user: who runs something on it, None if nobody does.
        working_task_id: id of that run.
        working_task_rank: its rank there.
    """

    name: str
    group: str
    label: Optional[str]
    is_ready: bool
    gpu_num: int
    cpu: int
    memory_bytes: int
    working_user: Optional[str]
    working_task_id: Optional[int]
    working_task_rank: Optional[int]


def nodes() -> list[NodeInfo]:
    """Every node of the platform.

    Raises:
        HfaiError: no answer, or a refusal.

    Blocks for one request.

    Example:
        >>> [node.name for node in nodes()]  # doctest: +SKIP
        ['cpu-0', 'cpu-1', 'cpu-2', 'cpu-3']
    """
    return [_node(row) for row in _session.current().post("query/node/list")["cluster_df"]]


def _node(row: Mapping[str, Any]) -> NodeInfo:
    return NodeInfo(
        name=str(row["name"]),
        group=str(row.get("group") or ""),
        label=row.get("mars_group"),
        is_ready=row.get("status") == "Ready",
        gpu_num=int(row.get("gpu_num") or 0),
        cpu=int(row.get("cpu") or 0),
        memory_bytes=int(row.get("memory") or 0),
        working_user=row.get("working_user"),
        working_task_id=row.get("working_task_id"),
        working_task_rank=row.get("working_task_rank"),
    )
