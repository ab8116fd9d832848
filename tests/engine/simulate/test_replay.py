"""Replays small enough to be right by hand, and random ones in which nobody may be lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.engine.policy.snapshot import PolicySettings
from hfai.engine.simulate.fifo import fifo
from hfai.engine.simulate.replay import RestartCost, replay
from hfai.engine.simulate.report import mean_in_use, simulate
from hfai.engine.simulate.trace import TraceJob, compress

POLICY = PolicySettings(slice_s=3600, min_slice_s=300, patience_s=86_400)


def job(number: int, submit_s: float, work_s: float, width: int = 1, user: str = "a", priority: int = 10) -> TraceJob:
    return TraceJob(number, submit_s, work_s, width, user, priority)


def test_fifo_makes_everybody_wait_for_the_first() -> None:
    """A wide task in front holds all behind it, interruptions there are none."""
    results, usage = fifo([job(1, 0, 100), job(2, 1, 50, 2), job(3, 2, 10)], 2)
    assert {result.job.number: (result.first_start_s, result.end_s) for result in results} == {
        1: (0, 100),
        2: (100, 150),
        3: (150, 160),
    }
    assert mean_in_use(usage, 150) == (100 * 1 + 50 * 2) / 150


def test_turns_cost_a_restart_and_the_work_since_the_checkpoint() -> None:
    """Two users, one node, slices of an hour: each interruption costs what it is said to cost."""
    cost = RestartCost(restart_s=60, grace_s=5, checkpoint_s=300)
    outcome = replay([job(1, 0, 5000, user="a"), job(2, 10, 5000, user="b")], 1, POLICY, cost)
    first, second = sorted(outcome.results, key=lambda result: result.job.number)
    assert (first.interruptions, second.interruptions) == (1, 1)
    assert first.lost_s == 5, "3,605 s of running hold twelve checkpoints; the grace window is lost"
    assert first.end_s - first.first_start_s - first.wait_s == 5000 + 5 + 60
    acknowledged = replay(
        [job(1, 0, 5000, user="a"), job(2, 10, 5000, user="b")], 1, POLICY, cost._replace(acknowledge_every=1)
    )
    assert {result.lost_s for result in acknowledged.results if result.job.number == 1} == {0.0}


def test_two_that_never_save_do_not_displace_each_other_for_ever() -> None:
    """No checkpoint at all and more work than a slice: both end all the same."""
    cost = RestartCost(checkpoint_s=10**9)
    outcome = replay([job(1, 0, 5000, user="a"), job(2, 10, 5000, user="b")], 1, POLICY, cost)
    assert len(outcome.results) == 2
    assert max(result.interruptions for result in outcome.results) <= 2


def test_a_higher_priority_starts_within_the_grace_window() -> None:
    """Urgent work waits for nothing but the save."""
    outcome = replay([job(1, 0, 9000), job(2, 100, 60, priority=30)], 1, POLICY, RestartCost())
    urgent = next(result for result in outcome.results if result.job.number == 2)
    assert urgent.wait_s == 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 50_000),
            st.integers(1, 40_000),
            st.integers(1, 6),
            st.sampled_from("abc"),
            st.sampled_from([0, 10, 20, 30]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_everybody_ends_and_no_node_is_held_twice(rows: list[tuple[int, int, int, str, int]]) -> None:
    """No starvation in a finite trace, never more nodes in use than there are, interruptions bounded by the minimum slice."""
    rows.sort()
    jobs = [job(number, *row) for number, row in enumerate(rows)]
    outcome = replay(jobs, 4, POLICY, RestartCost())
    assert sorted(result.job.number for result in outcome.results) == list(range(len(jobs)))
    assert max(entry.in_use for entry in outcome.usage) <= 4
    for result in outcome.results:
        assert result.end_s - result.first_start_s >= result.job.work_s - 1e-6
        assert result.interruptions == 0 or result.lost_s >= 0


def test_the_report_compares_with_fifo() -> None:
    """Both sides count every job; compressing sets the offered load."""
    jobs = compress(
        [
            job(number, number * 100.0, 3000.0 if number % 3 else 30_000.0, user="abb"[number % 3])
            for number in range(60)
        ],
        4,
        3.0,
    )
    seen: list[int] = []
    report, _ = simulate(jobs, 4, POLICY, RestartCost(), seen.append)
    assert report["time_sharing"]["finished"] == report["fifo"]["finished"] == 60
    assert abs(report["offered_load"] - 3.0) < 1e-9
    assert report["time_sharing"]["wait_under_one_hour_s"]["mean"] < report["fifo"]["wait_under_one_hour_s"]["mean"]
