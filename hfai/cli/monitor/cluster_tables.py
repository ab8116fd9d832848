"""The cluster as tables: groups of nodes, machines, GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence

from hfai.cli.bars import Signs, bar
from hfai.cli.language import tr
from hfai.cli.node_columns import STATES, node_json
from hfai.cli.output import Column, table_of
from hfai.cli.sizes import size_text

if TYPE_CHECKING:
    from hfai.client import ClusterOverview, GpuUse, MachineUse, NodeInfo


class _Group(NamedTuple):
    """The nodes of one label."""

    label: str
    nodes: Sequence[NodeInfo]

    def count(self, state: str) -> int:
        """How many; what works counts as that whatever else it is, as in the totals."""
        return sum((("working" if node.is_working else node.state) == state) for node in self.nodes)


class _Gpu(NamedTuple):
    """A GPU and where it is."""

    machine: str
    gpu: GpuUse


def counts_text(cluster: ClusterOverview, signs: Signs) -> str:
    """How many nodes work, in one line."""
    share = bar(cluster.working, cluster.working + cluster.free, signs)
    return tr(
        "{bar} {share}; nodes: {total}, working: {working}, free: {free}, unavailable: {other}",
        bar=share,
        share=f"{cluster.usage_rate:.0%}",
        total=cluster.total,
        working=cluster.working,
        free=cluster.free,
        other=cluster.other,
    )


def cluster_text(cluster: ClusterOverview, signs: Signs) -> str:
    """What ``monitor cluster-overview`` shows."""
    parts = [counts_text(cluster, signs) + "\n"]
    if groups := _groups(cluster.nodes):
        parts.append(table_of(_group_columns(groups, signs), groups))
    if cluster.machines:
        parts.append(table_of(_machine_columns(signs), cluster.machines))
    gpus = [_Gpu(machine.name, gpu) for machine in cluster.machines for gpu in machine.gpus]
    if gpus:
        parts.append(table_of(_gpu_columns(signs), gpus))
    parts += [
        tr("GPUs of {machine} cannot be read: {reason}", machine=machine.name, reason=machine.gpus_unreadable) + "\n"
        for machine in cluster.machines
        if machine.gpus_unreadable
    ]
    return "".join(parts)


def cluster_json(cluster: ClusterOverview) -> dict[str, Any]:
    """The cluster as ``--json`` prints it."""
    machines = [
        {**machine._asdict(), "load": machine.load and list(machine.load), "gpus": [gpu._asdict() for gpu in machine.gpus]}
        for machine in cluster.machines
    ]
    return {
        **cluster._asdict(),
        "nodes": [node_json(node) for node in cluster.nodes],
        "machines": machines,
        "use": [one._asdict() for one in cluster.use],
    }


def _groups(nodes: Sequence[NodeInfo]) -> list[_Group]:
    found: dict[str, list[NodeInfo]] = {}
    for node in nodes:
        found.setdefault(node.label or node.group, []).append(node)
    return [_Group(label, found[label]) for label in sorted(found)]


def _group_columns(groups: Sequence[_Group], signs: Signs) -> list[Column]:
    states = [state for state in STATES if state in ("working", "free") or any(group.count(state) for group in groups)]
    columns = [Column("group", lambda group: group.label), Column("nodes", lambda group: len(group.nodes))]
    columns += [Column(state, _counted(state)) for state in states]
    columns.append(Column("gpus", lambda group: sum(node.gpu_num for node in group.nodes)))
    columns.append(Column("use", lambda group: _use(group, signs)))
    return columns


def _counted(state: str) -> Callable[[_Group], int]:
    return lambda group: group.count(state)


def _use(group: _Group, signs: Signs) -> str:
    working, usable = group.count("working"), group.count("working") + group.count("free")
    return f"{bar(working, usable, signs) if usable else bar(0, 1, signs)} {working}/{usable}"


def _machine_columns(signs: Signs) -> list[Column]:
    return [
        Column("machine", lambda machine: machine.name),
        Column("cpus", lambda machine: machine.cpu_count),
        Column("cpu", lambda machine: f"{bar(machine.cpu_percent, 100, signs)} {machine.cpu_percent:.0f}%"),
        Column("load", load_text),
        Column("memory", lambda machine: memory_text(machine, signs)),
    ]


def _gpu_columns(signs: Signs) -> list[Column]:
    return [
        Column("machine"),
        Column("gpu", lambda row: row.gpu.number),
        Column("model", lambda row: row.gpu.name),
        Column("use", lambda row: gpu_use_text(row.gpu, signs)),
        Column("memory", lambda row: gpu_memory_text(row.gpu, signs)),
        Column("temperature", lambda row: "" if row.gpu.temperature_c is None else f"{row.gpu.temperature_c} C"),
        Column("power", lambda row: "" if row.gpu.power_w is None else f"{row.gpu.power_w:.0f} W"),
    ]


def load_text(machine: MachineUse) -> str:
    """The load averages; empty where the machine does not tell."""
    return " ".join(f"{load:.2f}" for load in machine.load or ())


def memory_text(machine: MachineUse, signs: Signs) -> str:
    """Memory in use, as a bar and in numbers."""
    used, total = machine.memory_used_bytes, machine.memory_bytes
    return f"{bar(used, total, signs)} {size_text(used)} / {size_text(total)}"


def gpu_use_text(gpu: GpuUse, signs: Signs) -> str:
    """How much a GPU is at work; empty where it does not tell."""
    percent = gpu.utilization_percent
    return "" if percent is None else f"{bar(percent, 100, signs)} {percent}%"


def gpu_memory_text(gpu: GpuUse, signs: Signs) -> str:
    """A GPU's memory in use; empty where it has none of its own."""
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    if used is None or total is None:
        return ""
    return f"{bar(used, total, signs)} {size_text(used)} / {size_text(total)}"
