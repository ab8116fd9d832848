"""Which node works on what, and the lines in front of the groups of nodes."""

from __future__ import annotations

import bisect
from typing import Iterable, Optional, Sequence

from hfai.engine.plan import GroupState, QueuedRun
from hfai.engine.scheduling.live import LiveRun
from hfai.model.records import Node


class Cluster:
    """The nodes, who holds them, and who waits for them.

    Args:
        nodes: every node there is.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._holders: dict[str, tuple[LiveRun, int]] = {}
        self._lines: dict[str, list[QueuedRun]] = {}
        self._order: dict[str, list[str]] = {}
        for node in nodes:
            self._order.setdefault(node.group, []).append(node.name)

    @property
    def nodes(self) -> list[Node]:
        """Every node, in the order of the executor."""
        return list(self._nodes.values())

    def node(self, name: str) -> Optional[Node]:
        """A node by its name; None if it is gone from the configuration."""
        return self._nodes.get(name)

    def holder(self, name: str) -> Optional[tuple[LiveRun, int]]:
        """The run that holds a node, and its rank there."""
        return self._holders.get(name)

    def hold(self, run: LiveRun) -> None:
        """The run has its nodes."""
        for job in run.jobs:
            self._holders[job.node] = (run, job.rank)

    def release(self, run: LiveRun) -> None:
        """The run gives its nodes back."""
        for job in run.jobs:
            held = self._holders.get(job.node)
            if held is not None and held[0] is run:
                del self._holders[job.node]

    def join(self, run: LiveRun) -> None:
        """The run gets in line."""
        bisect.insort(self._lines.setdefault(run.group, []), run.queued)

    def leave(self, run: LiveRun) -> None:
        """The run is no longer in line."""
        line = self._lines[run.group]
        del line[bisect.bisect_left(line, run.queued)]

    def groups(self) -> dict[str, GroupState]:
        """What a plan is made from: the groups that somebody waits for."""
        return {name: self.group(name) for name, line in self._lines.items() if line}

    def group(self, name: str) -> GroupState:
        """One group of nodes and its line."""
        names = self._order.get(name, [])
        usable = [node for node in names if _is_usable(self._nodes[node])]
        free = [node for node in usable if node not in self._holders]
        return GroupState(len(names), len(usable), free, self._lines.get(name, ()))

    def place(self, run: LiveRun) -> int:
        """The place of a queued run in its line, from 1."""
        return bisect.bisect_left(self._lines[run.group], run.queued) + 1


def nodes_of(cluster: Cluster, names: Iterable[str], group: str) -> list[Node]:
    """Nodes by name; one that is gone from the configuration counts as a bare one, its run goes on."""
    return [cluster.node(name) or Node(name=name, group=group) for name in names]


def _is_usable(node: Node) -> bool:
    return node.is_ready and node.cordon_reason is None
