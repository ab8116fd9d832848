"""What must hold for every plan over random clusters and histories (design, the end of section 5)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.engine.policy.explain import say_suspend
from hfai.engine.policy.plan import plan
from hfai.engine.policy.priority import worn
from hfai.engine.policy.snapshot import PinnedTask, Plan, PolicyNode, PolicySettings, QueuedTask, RunningTask, Snapshot
from hfai.model.priorities import Priority

NOW = 100_000.0
SETTINGS = PolicySettings(slice_s=3600, min_slice_s=300, patience_s=20_000, demote_after_s=1800)
PRIORITIES = st.sampled_from([int(priority) for priority in Priority])
USERS = st.sampled_from("abcd")
GROUPS = st.sampled_from(["g", "h"])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A cluster of two groups, a quarter of its nodes cordoned, with tasks on it, on cordoned nodes as well, that hold disjoint
    nodes, within quotas if there are any.
    """
    nodes = tuple(
        PolicyNode(f"{group}{number}", group, draw(st.booleans()) or draw(st.booleans()), "cordoned or not ready")
        for group in "gh"
        for number in range(draw(st.integers(0, 8)))
    )
    ids = iter(range(1, 1000))
    running = []
    for group in "gh":
        names = [node.name for node in nodes if node.group == group]
        while names and draw(st.booleans()):
            width = draw(st.integers(1, len(names)))
            held, names = tuple(names[:width]), names[width:]
            priority = draw(PRIORITIES.filter(lambda value: value != int(Priority.AUTO)))
            running.append(
                RunningTask(
                    next(ids),
                    draw(USERS),
                    group,
                    priority,
                    held,
                    started_at=NOW - draw(st.sampled_from([0, 10, 299, 300, 1799, 1800, 3599, 3600, 50_000])),
                    queued_at=NOW - draw(st.sampled_from([50_000, 60_000])),
                    ran_s=draw(st.sampled_from([0.0, 1000.0, 1800.0])),
                    is_borrowing=draw(st.booleans()),
                    is_leaving=draw(st.booleans()) and draw(st.booleans()),
                )
            )
            if width == 1 and draw(st.booleans()):
                running[-1] = running[-1]._replace(is_leaving=True, is_pinned=True)
    queued = tuple(
        QueuedTask(
            next(ids),
            draw(USERS),
            draw(GROUPS),
            draw(PRIORITIES),
            draw(st.integers(1, 10)),
            queued_at=NOW - draw(st.integers(0, 30_000)),
            ran_s=draw(st.sampled_from([0.0, 1799.0, 1800.0])),
            not_before=draw(st.sampled_from([0.0, 0.0, 0.0, NOW + 60])),
        )
        for _ in range(draw(st.integers(0, 12)))
    )
    names = [node.name for node in nodes]
    pinned = tuple(
        PinnedTask(next(ids), draw(USERS), node[0], node, NOW - draw(st.integers(0, 9)), draw(st.sampled_from([0.0, NOW + 9])))
        for node in draw(st.lists(st.sampled_from([*names, "g-gone"]), max_size=4))
    )
    quotas = draw(
        st.dictionaries(
            st.tuples(USERS, GROUPS, PRIORITIES.filter(lambda value: value != int(Priority.AUTO))),
            st.integers(0, 10),
            max_size=8,
        )
    )
    used: Counter[tuple[str, str, int]] = Counter()
    for run in running:
        used[run.user, run.group, _priority(run)] += 0 if run.is_pinned else len(run.nodes)
    rows = {row: max(limit, used[row]) for row, limit in quotas.items()}
    return Snapshot(nodes, tuple(running), queued, rows, pinned)


def _priority(run: RunningTask) -> int:
    return worn(run.priority, run.ran_s + NOW - run.started_at, SETTINGS)


def _apply(snapshot: Snapshot, decided: Plan) -> Snapshot:
    starts = {start.run_id: start for start in decided.starts}
    leaving = {suspend.run_id for suspend in decided.suspends}
    running = [run._replace(is_leaving=run.is_leaving or run.run_id in leaving) for run in snapshot.running]
    queued = []
    for task in snapshot.queued:
        start = starts.get(task.run_id)
        if start is None:
            queued.append(task)
            continue
        running.append(
            RunningTask(
                task.run_id,
                task.user,
                task.group,
                start.priority,
                start.nodes,
                NOW,
                task.queued_at,
                task.ran_s,
                start.is_borrowing,
            )
        )
    pinned = [task for task in snapshot.pinned if task.run_id not in starts]
    for task in snapshot.pinned:
        if task.run_id in starts:
            nodes = starts[task.run_id].nodes
            running.append(RunningTask(task.run_id, task.user, task.group, 10, nodes, NOW, is_leaving=True, is_pinned=True))
    return snapshot._replace(running=tuple(running), queued=tuple(queued), pinned=tuple(pinned))


@settings(max_examples=1000, deadline=None)
@given(snapshots())
def test_every_plan_is_lawful(snapshot: Snapshot) -> None:
    """Gang and nodes, quotas, who may interrupt whom, everyone else with a reason, nothing more to decide afterwards."""
    decided = plan(snapshot, SETTINGS, NOW)
    nodes = {node.name: node for node in snapshot.nodes}
    queued = {task.run_id: task for task in snapshot.queued}
    running = {run.run_id: run for run in snapshot.running}

    held = {name for run in snapshot.running for name in run.nodes}
    pinned = {task.run_id: task for task in snapshot.pinned}
    for start in decided.starts:
        if start.run_id in pinned:
            assert start.nodes == (pinned[start.run_id].node,), "elsewhere, or not alone"
            assert not held & set(start.nodes), "a node is booked twice"
            assert pinned[start.run_id].not_before <= NOW
            held |= set(start.nodes)
    for task in snapshot.pinned:
        assert task.run_id in decided.waits or task.run_id in {start.run_id for start in decided.starts}
        if task.run_id in decided.waits and task.not_before <= NOW:
            assert task.node in held or task.node not in nodes, "its node is free"
    for start in decided.starts:
        if start.run_id in pinned:
            continue
        task = queued[start.run_id]
        assert len(start.nodes) == len(set(start.nodes)) == task.width
        assert all(nodes[name].is_usable and nodes[name].group == task.group for name in start.nodes)
        assert not held & set(start.nodes), "a node is booked twice"
        held |= set(start.nodes)
        assert task.not_before <= NOW

    used: Counter[tuple[str, str, int]] = Counter()
    for run in snapshot.running:
        used[run.user, run.group, _priority(run)] += 0 if run.is_pinned else len(run.nodes)
    for start in decided.starts:
        if start.run_id in pinned:
            continue
        task = queued[start.run_id]
        used[task.user, task.group, start.priority] += task.width
    assert all(used[row] <= limit for row, limit in snapshot.quotas.items())

    for suspend in decided.suspends:
        assert not running[suspend.run_id].is_pinned, "a check is not interrupted"
        victim, gainer = running[suspend.run_id], queued[suspend.for_run_id]
        asks = decided.waits[gainer.run_id].priority
        assert asks >= _priority(victim), "a lower priority interrupts a higher one"
        if asks == _priority(victim):
            assert not suspend.is_higher
            assert victim.user != gainer.user, "a user interrupts their own task of the same priority"
            assert victim.started_at + SETTINGS.min_slice_s <= NOW, "interrupted before its minimum slice"
        assert str(say_suspend(suspend, victim, SETTINGS, "x", gainer.user))

    for task in snapshot.queued:
        names = [node.is_usable for node in snapshot.nodes if node.group == task.group]
        cannot_fit = sum(names) < task.width <= len(names) and task.not_before <= NOW
        wait = decided.waits.get(task.run_id)
        assert cannot_fit == (wait is not None and wait.code == "cordoned")

    assert set(decided.waits) == (set(queued) | set(pinned)) - {start.run_id for start in decided.starts}
    again = plan(_apply(snapshot, decided), SETTINGS, NOW)
    assert not again.starts
    assert not again.suspends


@settings(max_examples=1000, deadline=None)
@given(snapshots())
def test_no_priority_inversion(snapshot: Snapshot) -> None:
    """Whoever waits for nodes could not have them even if every lower priority of the group gave up its own."""
    decided = plan(snapshot, SETTINGS, NOW)
    after = _apply(snapshot, decided)
    starts = {start.run_id: start.priority for start in decided.starts}
    for task in after.queued:
        wait = decided.waits[task.run_id]
        if wait.code not in ("nodes", "turn"):
            continue
        usable = {node.name for node in snapshot.nodes if node.group == task.group and node.is_usable}
        claimed = sum(
            other.width
            for other in after.queued
            if other.group == task.group
            and decided.waits[other.run_id].code == "saving"
            and decided.waits[other.run_id].priority >= wait.priority
        )
        kept = {
            name
            for run in after.running
            if run.group == task.group
            and not run.is_leaving
            and starts.get(run.run_id, _priority(run)) >= wait.priority
            for name in run.nodes
        }
        assert len(usable - kept) - claimed < task.width


@settings(max_examples=500, deadline=None)
@given(snapshots(), st.permutations(range(12)))
def test_the_order_of_the_snapshot_does_not_matter(snapshot: Snapshot, order: list[int]) -> None:
    """The plan depends on what is in the snapshot, not on how it is listed."""
    shuffled = tuple(snapshot.queued[number] for number in order if number < len(snapshot.queued))
    other = snapshot._replace(queued=shuffled, running=snapshot.running[::-1])
    first, second = plan(snapshot, SETTINGS, NOW), plan(other, SETTINGS, NOW)
    assert sorted(first.starts) == sorted(second.starts)
    assert {suspend.run_id for suspend in first.suspends} == {suspend.run_id for suspend in second.suspends}
