"""``cluster_overview``: how many nodes work, which, and how busy their machines are."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.client._nodes import NodeInfo, node_of


class GpuUse(NamedTuple):
    """One GPU at this moment; what it does not tell is None.

    Attributes:
        number: as in ``nvidia-smi``.
        name: its model.
        utilization_percent: how much of the last second or so it was at work.
        memory_total_bytes: its memory; None where it works with that of the machine.
        memory_used_bytes: how much of it is in use, without what the driver keeps for itself.
        temperature_c: in degrees Celsius.
        power_w: what it draws, in watts.
    """

    number: int
    name: str
    utilization_percent: Optional[int]
    memory_total_bytes: Optional[int]
    memory_used_bytes: Optional[int]
    temperature_c: Optional[int]
    power_w: Optional[float]


class MachineUse(NamedTuple):
    """One machine at this moment, whoever uses it.

    Attributes:
        name: of the host.
        cpu_count: processors.
        cpu_percent: how much of all of them is in use, 0 to 100.
        load: averages of 1, 5 and 15 minutes; None where it does not tell.
        memory_bytes: what it has.
        memory_used_bytes: what of it no new process could get.
        swap_bytes, swap_used_bytes: likewise.
        gpus: its NVIDIA GPUs, those that can be read.
        gpus_unreadable: why others, or all, cannot; None where there is no reason.
    """

    name: str
    cpu_count: int
    cpu_percent: float
    load: Optional[tuple[float, float, float]]
    memory_bytes: int
    memory_used_bytes: int
    swap_bytes: int
    swap_used_bytes: int
    gpus: tuple[GpuUse, ...]
    gpus_unreadable: Optional[str]


class NodeUse(NamedTuple):
    """What the rank on a node uses at this moment.

    Attributes:
        name: of the node.
        run_id, rank: who works there.
        cpu_percent: of one processor: 250 is two and a half; None right after it has begun.
        memory_bytes: resident, of all its processes.
        processes: how many.
    """

    name: str
    run_id: int
    rank: int
    cpu_percent: Optional[float]
    memory_bytes: int
    processes: int


class ClusterOverview(NamedTuple):
    """The cluster at one moment.

    Attributes:
        total: nodes, of those that are for training.
        working: of these, how many work.
        free: how many could.
        other: how many neither work nor can: cordoned, not ready.
        usage_rate: share that works of those that could, 0 to 1.
        nodes: every node; empty where the platform does not list them.
        machines: how busy each is; empty where the platform does not say, as a HAI Platform.
        use: what the ranks use; likewise.
    """

    total: int
    working: int
    free: int
    other: int
    usage_rate: float
    nodes: tuple[NodeInfo, ...]
    machines: tuple[MachineUse, ...]
    use: tuple[NodeUse, ...]


def cluster_overview(start_engine: bool = True) -> ClusterOverview:
    """The nodes by what they do, and how busy the machines are.

    Args:
        start_engine: whether the engine of this machine is started where somebody has ended it; for programs that ask again and again.

    Raises:
        UnreachableError: no answer.
        HfaiError: a refusal.

    Blocks for three requests, the first time a quarter of a second. Source: wire document, section 6.

    Example:
        >>> cluster_overview().usage_rate  # doctest: +SKIP
        0.75
    """
    session, revive = _session.current(), not start_engine
    counts = session.post("query/node/client_overview", revive=revive)["result"]
    rows = session.post("query/node/list", revive=revive)["cluster_df"]
    use: Mapping[str, Any] = {"machines": (), "nodes": ()}
    if not session.is_haiplatform:
        use = session.post("query/node/usage", revive=revive)["result"]
    return ClusterOverview(
        total=int(counts["total"]),
        working=int(counts["working"]),
        free=int(counts["free"]),
        other=int(counts["other"]),
        usage_rate=float(counts["usage_rate"]),
        nodes=tuple(map(node_of, rows)),
        machines=tuple(map(_machine, use["machines"])),
        use=tuple(NodeUse(*(row[name] for name in NodeUse._fields)) for row in use["nodes"]),
    )


def _machine(row: Mapping[str, Any]) -> MachineUse:
    values = {name: row[name] for name in MachineUse._fields}
    values["load"] = row["load"] and tuple(row["load"])
    values["gpus"] = tuple(GpuUse(*(gpu[name] for name in GpuUse._fields)) for gpu in row["gpus"])
    return MachineUse(**values)
