"""The most that any scheduler could have done with a trace, whatever it knew: what the policy is measured against."""

from __future__ import annotations

import bisect
from collections import deque

from hfai.engine.simulate.replay import Usage
from hfai.engine.simulate.trace import TraceJob

# Of seconds, and of nodes.
_NOTHING = 1e-6


def perfect(jobs: list[TraceJob], nodes: int) -> list[Usage]:
    """Nodes in use if work were a fluid, packed so that no other packing has done more by any moment.

    A task may use any part of its width, without a cost, and whoever has the longest left goes first: nodes fall idle only where
    there are not enough tasks for them, which comes as late as it can. First come first served would be no bound: behind wide
    tasks that went first, narrow ones are left that cannot use every node.
    """
    arrivals = deque(jobs)
    # Seconds left at full width, and the width of all tasks that have as much left, the shortest first.
    levels: list[list[float]] = []
    now, usage = 0.0, []
    while arrivals or levels:
        free, rates = float(nodes), []
        for _, width in reversed(levels):
            if free < _NOTHING:
                break
            rates.append(min(1.0, free / width))
            free -= min(free, width)
        usage.append(Usage(now, round(nodes - free)))
        first = len(levels) - len(rates)
        served = list(zip(levels[first:], reversed(rates)))
        step_s = arrivals[0].submit_s - now if arrivals else float("inf")
        # Until one has as little left as the next below it, or nothing.
        below_s, slower = (levels[first - 1][0] if first else 0.0), 0.0
        for (left_s, _), rate in served:
            if rate > slower:
                step_s = min(step_s, (left_s - below_s) / (rate - slower))
            below_s, slower = left_s, rate
        for level, rate in served:
            level[0] -= step_s * rate
        now += step_s
        _merge(levels, max(first - 1, 0))
        while arrivals and arrivals[0].submit_s <= now:
            job = arrivals.popleft()
            if job.work_s > _NOTHING:
                bisect.insort(levels, [job.work_s, float(min(job.width, nodes))])
    return [*usage, Usage(now, 0)]


def _merge(levels: list[list[float]], first: int) -> None:
    """Make one of those from ``first`` on that have come to the same; those with nothing left go."""
    kept: list[list[float]] = []
    for level in levels[first:]:
        if level[0] < _NOTHING:
            continue
        if kept and level[0] - kept[-1][0] < _NOTHING:
            kept[-1][1] += level[1]
        else:
            kept.append(level)
    levels[first:] = kept
