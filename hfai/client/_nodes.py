"""``nodes``: the nodes of the platform; ``cordon_node`` and ``uncordon_node``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _names_cache, _session
from hfai.client._wire_field import wire_time
from hfai.model.phrase import unpacked


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
        cordon_reason: why nothing new is put on it; None while it takes tasks, and where the platform does not say.
        cordoned_by: who cordoned it, ``platform`` where a check did.
        cordoned_at: when, as a naive local datetime.
        working_task_name: name of that task; None where the platform does not say.
        is_working: whether anything runs on it, of whatever kind.
        category: what it is for: ``training``; ``dev``, ``service``, ``exclusive``, ``err`` on HAI Platform.
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
    cordon_reason: Optional[str] = None
    cordoned_by: Optional[str] = None
    cordoned_at: Optional[datetime] = None
    working_task_name: Optional[str] = None
    is_working: bool = False
    category: str = "training"

    @property
    def state(self) -> str:
        """In one word: ``not_ready``, ``cordoned`` (what runs there stays), ``working``, ``free``, or ``other`` for one that is idle
        and not there for training.
        """
        if self.is_cordoned:
            return "cordoned"
        if not self.is_ready or self.category == "err":
            return "not_ready"
        if self.is_working:
            return "working"
        return "free" if self.category == "training" else "other"

    @property
    def is_cordoned(self) -> bool:
        """Whether nothing new is put on it."""
        return self.cordon_reason is not None


def nodes() -> list[NodeInfo]:
    """Every node of the platform, in its order; none where a HAI Platform has not published any yet.

    Raises:
        HfaiError: no answer, or a refusal.

    Blocks for one request.

    Example:
        >>> [node.name for node in nodes()]  # doctest: +SKIP
        ['cpu-0', 'cpu-1', 'cpu-2', 'cpu-3']
    """
    session = _session.current()
    found = [node_of(row) for row in session.post("query/node/list")["cluster_df"]]
    _names_cache.note_places(session, [(node.name, node.label or node.group) for node in found])
    return found


def node_of(row: Mapping[str, Any]) -> NodeInfo:
    """The node that a row of ``query/node/list`` describes, ours or HAI Platform's."""
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
        cordon_reason=unpacked(row.get("cordon_said") or row.get("cordon_reason")),
        cordoned_by=row.get("cordoned_by"),
        cordoned_at=wire_time(row.get("cordoned_at")),
        working_task_name=row.get("working_task_name"),
        is_working=any(row.get(key) is not None for key in ("working", "working_user", "working_task_id")),
        category=str(row.get("current_category") or "training"),
    )


def cordon_node(name: str, reason: str = "") -> NodeInfo:
    """Let nothing new onto a node; what runs there stays. For administrators.

    Args:
        name: of the node.
        reason: in words; shown with the node, and by tasks that wait because of it.

    Returns:
        The node as it is then.

    Raises:
        NodeNotFound: there is no such node.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return. May be called again, which replaces the reason.

    Example:
        >>> cordon_node("cpu-2", "disk full").is_cordoned  # doctest: +SKIP
        True
    """
    return node_of(_session.current().post("operating/node/cordon", {"name": name, "reason": reason})["node"])


def uncordon_node(name: str) -> NodeInfo:
    """Let a cordoned node take tasks again; one that is not cordoned is no error. For administrators.

    Args:
        name: of the node.

    Returns:
        The node as it is then.

    Raises:
        NodeNotFound: there is no such node.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return.

    Example:
        >>> uncordon_node("cpu-2").is_cordoned  # doctest: +SKIP
        False
    """
    return node_of(_session.current().post("operating/node/uncordon", {"name": name})["node"])
