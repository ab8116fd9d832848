"""The nodes and the queue as everybody may see them."""

from __future__ import annotations

from collections import Counter
from typing import Optional

from hfai.engine.policy.explain import of_others
from hfai.engine.queries import NodeView, QueueView, User, Working
from hfai.engine.scheduling.cluster import Cluster
from hfai.engine.scheduling.scheduler import Scheduler


def node_views(cluster: Cluster) -> list[NodeView]:
    """Every node and what it works on."""
    return [NodeView(node, _working(cluster, node.name)) for node in cluster.nodes]


def _working(cluster: Cluster, name: str) -> Optional[Working]:
    held = cluster.holder(name)
    if held is None:
        return None
    run, rank = held
    return Working(run_id=run.id, rank=rank, user_name=run.user_name, nb_name=run.nb_name)


def queue_counts(scheduler: Scheduler) -> list[tuple[int, str, int]]:
    """Unfinished tasks of all users per (priority, queue status), the highest priority first."""
    counts = Counter((run.priority, run.queue_status.value) for run in scheduler.runs)
    return [(*key, counts[key]) for key in sorted(counts, key=lambda key: (-key[0], key[1]))]


def queue_views(scheduler: Scheduler, most: int, user: User) -> list[QueueView]:
    """Everybody's tasks: those that have nodes, by priority and since when, then those that wait, of each group the next one first.

    Args:
        scheduler: has the tasks.
        most: of those that have nodes, and of those that wait for a group.
        user: who looks: why others' tasks wait is told as everybody may know it.
    """
    running = sorted(scheduler.cluster.runs, key=lambda run: (-run.running.priority, run.begin_at or 0.0, run.id))
    views = [run.view() for run in running[:most]]
    for run in scheduler.queue(most):
        pending = scheduler.pending(run)
        if pending is not None and run.user_name != user.name:
            pending = of_others(pending)
        views.append(run.view(pending))
    return views
