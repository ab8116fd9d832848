"""The figures of a replay, beside first come first served on the same trace."""

from __future__ import annotations

import bisect
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Optional

from hfai.engine.policy.snapshot import PolicySettings
from hfai.engine.simulate.fifo import fifo
from hfai.engine.simulate.packing import perfect
from hfai.engine.simulate.replay import JobResult, Outcome, RestartCost, Usage, Worked, replay
from hfai.engine.simulate.trace import TraceJob
from hfai.model.priorities import Priority

SHORT_S = 3600.0
_SIZES = ((1, "1 node"), (2, "2 nodes"), (4, "3-4 nodes"), (8, "5-8 nodes"))


def simulate(
    jobs: list[TraceJob],
    nodes: int,
    settings: PolicySettings,
    cost: RestartCost,
    on_progress: Optional[Callable[[int], None]] = None,
) -> tuple[dict[str, Any], Outcome]:
    """Replay a trace under the policy and under first come first served.

    Args:
        jobs: the trace, in order of submission.
        nodes: how many nodes the cluster has.
        settings: the policy's numbers.
        cost: what an interruption costs.
        on_progress: called with the number of finished jobs now and then.

    Returns:
        The report as plain data (seconds, nodes, shares of 1) and the replay itself.

    Blocks: while it computes.
    """
    outcome = replay(jobs, nodes, settings, cost, on_progress)
    fifo_results, fifo_usage = fifo(jobs, nodes)
    fifo_worked = [Worked(one.first_start_s, one.end_s, min(one.job.width, nodes)) for one in fifo_results]
    arriving_s = jobs[-1].submit_s
    ideal = mean_in_use(perfect(jobs, nodes), arriving_s)
    report = {
        "jobs": len(jobs),
        "nodes": nodes,
        "arriving_s": arriving_s,
        "offered_load": sum(job.work_s * min(job.width, nodes) for job in jobs) / (nodes * arriving_s)
        if arriving_s
        else None,
        "perfect_packing_in_use": ideal,
        "policy": {**settings._asdict(), **cost._asdict()},
        "time_sharing": _figures(outcome.results, outcome.usage, outcome.worked, arriving_s, ideal, nodes),
        "fifo": _figures(fifo_results, fifo_usage, fifo_worked, arriving_s, ideal, nodes),
    }
    return report, outcome


def mean_in_use(usage: Sequence[Usage], until_s: float) -> float:
    """Nodes in use on average from 0 to ``until_s``."""
    if until_s <= 0:
        return 0.0
    ends = [*(entry.at_s for entry in usage[1:]), until_s]
    return (
        sum(u.in_use * max(0.0, min(end, until_s) - u.at_s) for u, end in zip(usage, ends) if u.at_s < until_s)
        / until_s
    )


def mean_at_work(worked: Iterable[Worked], until_s: float) -> float:
    """Nodes on average from 0 to ``until_s`` whose work counts."""
    if until_s <= 0:
        return 0.0
    return sum(one.nodes * max(0.0, min(one.until_s, until_s) - one.from_s) for one in worked) / until_s


def _figures(
    results: list[JobResult],
    usage: Sequence[Usage],
    worked: Iterable[Worked],
    arriving_s: float,
    ideal: float,
    nodes: int,
) -> dict[str, Any]:
    in_use = mean_in_use(usage, arriving_s)
    by_size: dict[str, list[float]] = defaultdict(list)
    by_priority: dict[str, list[float]] = defaultdict(list)
    for result in results:
        by_size[_size(min(result.job.width, nodes))].append(result.wait_s)
        by_priority[Priority(result.job.priority).name].append(result.wait_s)
    interruptions = [result.interruptions for result in results]
    return {
        "mean_in_use": in_use,
        "utilisation": in_use / nodes,
        "of_perfect_packing": mean_at_work(worked, arriving_s) / ideal if ideal else None,
        "wait_s": _spread(result.wait_s for result in results),
        "wait_under_one_hour_s": _spread(result.wait_s for result in results if result.job.work_s < SHORT_S),
        "wait_by_size_s": {size: _spread(waits) for size, waits in sorted(by_size.items())},
        "wait_by_priority_s": {
            name: _spread(by_priority[name]) for name in Priority.__members__ if name in by_priority
        },
        "first_start_max_s": max(result.first_start_s - result.job.submit_s for result in results),
        "interruptions_mean": statistics.fmean(interruptions),
        "interruptions_max": max(interruptions),
        "interruptions_per_day_max": max(
            86400 * r.interruptions / max(r.end_s - r.first_start_s, 86400.0) for r in results
        ),
        "lost_to_restarts_node_s": sum(result.lost_s * min(result.job.width, nodes) for result in results),
        "finished": len(results),
    }


def _size(width: int) -> str:
    place = bisect.bisect_left([limit for limit, _ in _SIZES], width)
    return _SIZES[place][1] if place < len(_SIZES) else "9+ nodes"


def _spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {"count": 0, "mean": 0.0, "p50": 0.0, "p95": 0.0, "max": 0.0}
    return {
        "count": len(ordered),
        "mean": statistics.fmean(ordered),
        "p50": ordered[len(ordered) // 2],
        "p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
        "max": ordered[-1],
    }
