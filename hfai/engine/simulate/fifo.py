"""What the policy is compared with: first come first served without interruption."""

from __future__ import annotations

import heapq
from collections import deque

from hfai.engine.simulate.replay import JobResult, Usage
from hfai.engine.simulate.trace import TraceJob


def fifo(jobs: list[TraceJob], nodes: int) -> tuple[list[JobResult], list[Usage]]:
    """Strict first come first served: each task runs to its end, and whoever is first waits until all its nodes are free."""
    free, now, results, usage = nodes, 0.0, [], []
    ends: list[tuple[float, int]] = []
    waiting: deque[TraceJob] = deque()
    arrivals = deque(jobs)
    while arrivals or waiting or ends:
        moments = ([ends[0][0]] if ends else []) + ([arrivals[0].submit_s] if arrivals else [])
        now = max(now, min(moments))
        while ends and ends[0][0] <= now:
            free += heapq.heappop(ends)[1]
        while arrivals and arrivals[0].submit_s <= now:
            waiting.append(arrivals.popleft())
        while waiting and min(waiting[0].width, nodes) <= free:
            job = waiting.popleft()
            width = min(job.width, nodes)
            free -= width
            heapq.heappush(ends, (now + job.work_s, width))
            results.append(JobResult(job, now, now + job.work_s, now - job.submit_s, 0, 0.0))
        usage.append(Usage(now, nodes - free))
    return results, usage
