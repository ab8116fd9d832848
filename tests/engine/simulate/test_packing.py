"""Perfect packing is what it says: no scheduler does more by any moment, and a fluid one does as much."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.engine.policy.snapshot import PolicySettings
from hfai.engine.simulate.packing import perfect
from hfai.engine.simulate.replay import RestartCost
from hfai.engine.simulate.report import mean_in_use, simulate
from hfai.engine.simulate.trace import TraceJob

POLICY = PolicySettings(slice_s=3600, min_slice_s=300, patience_s=86_400)
TRACES = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=7)


def trace(rows: list[tuple[int, int, int]], unit_s: float = 1.0) -> list[TraceJob]:
    """Rows of submission, work and width; a user each."""
    return [
        TraceJob(number, submit * unit_s, work * unit_s, width, f"u{number}", 30)
        for number, (submit, work, width) in enumerate(sorted(rows), 1)
    ]


def most(jobs: list[TraceJob], nodes: int, until: int) -> int:
    """Node-seconds that can be worked until then: the largest flow from tasks through the seconds that they are there for."""
    widths = [min(job.width, nodes) for job in jobs]
    room = {("from", n): int(job.work_s) * widths[n] for n, job in enumerate(jobs)}
    room.update({("at", second): nodes for second in range(until)})
    used: dict[tuple[int, int], int] = {}
    total = 0
    while True:
        # A way from a task with work left to a second with a node left, over what can be put off or brought forward.
        ways: dict[tuple[str, int], tuple[str, int]] = {}
        ends: deque[tuple[str, int]] = deque(("from", n) for n in range(len(jobs)) if room["from", n] > 0)
        seen = set(ends)
        found = None
        while ends and found is None:
            kind, at = ends.popleft()
            steps = (
                [("at", second) for second in range(int(jobs[at].submit_s), until) if used.get((at, second), 0) < widths[at]]
                if kind == "from"
                else [("from", n) for n in range(len(jobs)) if used.get((n, at), 0) > 0]
            )
            for step in steps:
                if step not in seen:
                    seen.add(step)
                    ways[step] = kind, at
                    ends.append(step)
                    if step[0] == "at" and room[step] > 0:
                        found = step
                        break
        if found is None:
            return total
        room[found] -= 1
        end = found
        while end in ways:
            before = ways[end]
            key = (before[1], end[1]) if end[0] == "at" else (end[1], before[1])
            used[key] = used.get(key, 0) + (1 if end[0] == "at" else -1)
            end = before
        room[end] -= 1
        total += 1


def test_every_node_is_busy_while_there_is_work_for_it() -> None:
    """The wide task gets the idle node at once; the long narrow one goes first, so that no node is idle at the end."""
    assert mean_in_use(perfect(trace([(0, 100, 1), (0, 50, 2)]), 2), 100) == 2
    assert mean_in_use(perfect(trace([(0, 10, 2), (0, 20, 1)]), 2), 20) == 2


@given(TRACES, st.integers(1, 4), st.integers(1, 30))
def test_nobody_does_more_by_any_moment(rows: list[tuple[int, int, int]], nodes: int, until: int) -> None:
    jobs = trace(rows)
    assert mean_in_use(perfect(jobs, nodes), until) * until == pytest.approx(most(jobs, nodes, until), abs=1e-3)


@given(TRACES, st.integers(1, 4), st.sampled_from([0, 1]))
def test_no_scheduler_has_more_than_all_of_it(rows: list[tuple[int, int, int]], nodes: int, every: int) -> None:
    """What is done again counts once, and a restart not at all."""
    cost = RestartCost(restart_s=60, grace_s=5, checkpoint_s=300, acknowledge_every=every)
    report, _ = simulate(trace(rows, 2000.0), nodes, POLICY, cost)
    for which in ("time_sharing", "fifo"):
        share = report[which]["of_perfect_packing"]
        assert share is None or share <= 1 + 1e-9
