"""What a plan is made from leaves most of a long queue out, and decides the same."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.engine.config import EngineConfig
from hfai.engine.policy.plan import plan
from hfai.engine.policy.snapshot import Snapshot, Start
from hfai.engine.scheduling.cluster import Cluster
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.planning import Planner
from hfai.model.records import Node

NOW = 100_000.0
NODES = [Node(f"n{number}", "g") for number in range(6)]
CONFIG = EngineConfig.from_mapping(
    {"slice_s": 60, "min_slice_s": 10, "patience_s": 50, "demote_after_s": 100}, state_dir=Path("/nonexistent")
)
QUEUED = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from([30, 20, 10, -1]),
    st.integers(1, 7),
    st.sampled_from([0.0, 30.0, 60.0, 90.0]),
    st.sampled_from([0.0, 0.0, 0.0, NOW + 1]),
)
RUNNING = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from([40, 30, 20, 10]),
    st.integers(1, 3),
    st.sampled_from([0.0, 20.0, 70.0, 150.0]),
    st.booleans(),
)


def live(run_id: int, user: str, priority: int, width: int, queued_at: float, not_before: float = 0.0) -> LiveRun:
    return LiveRun(
        id=run_id,
        first_id=run_id,
        chain_id=str(run_id),
        user_name=user,
        nb_name=str(run_id),
        group="g",
        width=width,
        priority=priority,
        created_at=queued_at,
        queued_at=queued_at,
        whole_life_state=0,
        not_before=not_before,
    )


@settings(max_examples=1500)
@given(st.lists(QUEUED, max_size=25), st.lists(RUNNING, max_size=4), st.booleans())
def test_leaving_most_out_changes_nothing(
    queued: list[tuple[str, int, int, float, float]],
    running: list[tuple[str, int, int, float, bool]],
    has_quota: bool,
) -> None:
    """The same starts and suspensions as over the whole queue, and the same place for everybody who waits."""
    config = CONFIG
    if has_quota:
        rows = {
            "quotas": [{"user": "a", "priority": "HIGH", "nodes": 2}, {"user": "a", "priority": "NORMAL", "nodes": 1}]
        }
        config = evolve(config, quotas=EngineConfig.from_mapping(rows, state_dir=Path("/nonexistent")).quotas)
        queued = [task for task in queued if task[:2] != ("a", -1)]  # AUTO under a quota has no place of its own
    cluster = Cluster(NODES)
    planner = Planner(config, cluster)
    free = list(NODES)
    for number, (user, priority, width, ran_s, is_borrowing) in enumerate(running, 1000):
        nodes, free = free[:width], free[width:]
        if len(nodes) == width:
            run = live(number, user, priority, width, NOW - 500)
            run.schedule(nodes, Start(number, (), priority, 1 if is_borrowing else None), "x", NOW - ran_s)
            cluster.hold(run)
    runs = [live(number, u, p, w, NOW - 100 + at, before) for number, (u, p, w, at, before) in enumerate(queued)]
    for run in runs:
        planner.lines.join(run)
    decided = planner.plan(NOW)
    quotas = {row: nodes for user in "ab" for row, nodes in config.quotas.of_user(user, ["g"]).items()}
    whole = Snapshot(
        cluster.policy_nodes, tuple(r.running for r in cluster.runs), tuple(r.queued() for r in runs), quotas
    )
    full = plan(whole, config.policy, NOW)
    assert decided.starts == full.starts
    assert [suspend[:2] for suspend in decided.suspends] == [suspend[:2] for suspend in full.suspends]
    assert decided.wake_at == full.wake_at
    in_order = list(planner.in_order("g", NOW))
    assert [planner.pending(run, NOW).position for run in in_order] == list(range(1, len(runs) + 1))
    for run in runs:
        wait = full.waits.get(run.id)
        known: Optional[object] = decided.waits.get(run.id)
        assert known is None or decided.waits[run.id].code == full.waits[run.id].code
        if wait is not None and not full.starts:
            pending = planner.pending(run, NOW)
            assert pending.position == wait.position
            assert pending.data["ahead"] == wait.position - 1
            same = {"nodes": {"held", "next_held", "waits"}, "turn": {"held", "next_held", "waits"}}
            assert pending.code in same.get(wait.code, {wait.code, "leaving"})
