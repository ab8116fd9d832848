"""Which node works on what."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import Iterable, Mapping, Optional, Sequence

from attrs import evolve

from hfai.engine.policy.snapshot import PolicyNode
from hfai.engine.scheduling.live import LiveRun
from hfai.model.records import Cordon, Node


class Cluster:
    """The nodes, and who holds them.

    Args:
        nodes: every node there is.
        cordons: which of them take nothing new.

    Attributes:
        policy_nodes: the same as the policy sees them.
        group_sizes: number of nodes per group.
        usable: names of those that may be given to a run.
        usable_sizes: number of those per group.
    """

    def __init__(self, nodes: Sequence[Node], cordons: Mapping[str, Cordon] = MappingProxyType({})) -> None:
        self._nodes = {node.name: evolve(node, cordon=cordons.get(node.name, node.cordon)) for node in nodes}
        self._holders: dict[str, tuple[LiveRun, int]] = {}
        self._runs: dict[int, LiveRun] = {}
        self.group_sizes = dict(Counter(node.group for node in nodes))
        self._look()

    def _look(self) -> None:
        self.policy_nodes = tuple(
            PolicyNode(node.name, node.group, node.is_usable, node.why_not) for node in self._nodes.values()
        )
        self.usable = {node.name for node in self.policy_nodes if node.is_usable}
        self.usable_sizes = Counter(node.group for node in self.policy_nodes if node.is_usable)

    @property
    def nodes(self) -> list[Node]:
        """Every node, in the order of the executor."""
        return list(self._nodes.values())

    def node(self, name: str) -> Optional[Node]:
        """A node by its name; None if it is gone from the configuration."""
        return self._nodes.get(name)

    def set_cordon(self, name: str, cordon: Optional[Cordon]) -> None:
        """Let nothing new onto a node, or let it take runs again; what runs there stays."""
        self._nodes[name] = evolve(self._nodes[name], cordon=cordon)
        self._look()

    @property
    def runs(self) -> Iterable[LiveRun]:
        """The runs that hold nodes."""
        return self._runs.values()

    def holder(self, name: str) -> Optional[tuple[LiveRun, int]]:
        """The run that holds a node, and its rank there."""
        return self._holders.get(name)

    def hold(self, run: LiveRun) -> None:
        """The run has its nodes."""
        self._runs[run.id] = run
        for job in run.jobs:
            self._holders[job.node] = (run, job.rank)

    def release(self, run: LiveRun) -> None:
        """The run gives its nodes back."""
        self._runs.pop(run.id, None)
        for job in run.jobs:
            held = self._holders.get(job.node)
            if held is not None and held[0] is run:
                del self._holders[job.node]


def nodes_of(cluster: Cluster, names: Iterable[str], group: str) -> list[Node]:
    """Nodes by name; one that is gone from the configuration counts as a bare one, its run goes on."""
    return [cluster.node(name) or Node(name=name, group=group) for name in names]
