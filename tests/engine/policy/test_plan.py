"""The eight rules one by one, on clusters small enough to see what is right."""

from __future__ import annotations

import pytest

from hfai.engine.policy.explain import Place, facts_of, say
from hfai.engine.policy.plan import plan
from hfai.engine.policy.snapshot import PinnedTask, Plan, PolicyNode, PolicySettings, QueuedTask, RunningTask, Snapshot
from hfai.model.records import Pending

NOW = 100_000.0
SETTINGS = PolicySettings(slice_s=3600, min_slice_s=300, patience_s=86_400, demote_after_s=1800)


def nodes(count: int) -> tuple[PolicyNode, ...]:
    return tuple(PolicyNode(f"n{number}", "g") for number in range(count))


def running(
    run_id: int, user: str, held: str, *, priority: int = 10, for_s: float = 10.0, **more: object
) -> RunningTask:
    names = tuple(f"n{number}" for number in held.split())
    return RunningTask(run_id, user, "g", priority, names, NOW - for_s, NOW - for_s - 1, **more)  # type: ignore[arg-type]


def queued(run_id: int, user: str, width: int, *, priority: int = 10, for_s: float = 60.0, **more: float) -> QueuedTask:
    return QueuedTask(run_id, user, "g", priority, width, NOW - for_s, **more)


def started(snapshot: Snapshot) -> list[int]:
    return [start.run_id for start in plan(snapshot, SETTINGS, NOW).starts]


def reason(snapshot: Snapshot, decided: Plan, run_id: int, names: dict[int, str]) -> Pending:
    task = next(task for task in snapshot.queued if task.run_id == run_id)
    wait = decided.waits[run_id]
    place = Place(wait.position, {task.priority: wait.position - 1})
    return say(task, wait, place, facts_of(snapshot, SETTINGS, task.group), decided, SETTINGS, names)


def suspended(snapshot: Snapshot) -> list[int]:
    return [suspend.run_id for suspend in plan(snapshot, SETTINGS, NOW).suspends]


def test_a_higher_priority_interrupts_at_once() -> None:
    """Rule 1: no slice protects from a higher priority; the wait says whose save is awaited."""
    snapshot = Snapshot(nodes(2), (running(1, "a", "0 1"),), (queued(2, "a", 1, priority=30),))
    decided = plan(snapshot, SETTINGS, NOW)
    assert [(s.run_id, s.for_run_id) for s in decided.suspends] == [(1, 2)]
    assert not decided.starts
    pending = reason(snapshot, decided, 2, {1: "long", 2: "urgent"})
    assert pending.to_wire()["text"] == "next to start: waits for long to save and leave its nodes"


def test_a_task_keeps_its_slice_then_takes_turns_with_other_users() -> None:
    """Rule 2: inside the slice it stays, afterwards it yields to another user, never to its own."""
    waiting = (queued(2, "b", 1),)
    assert suspended(Snapshot(nodes(1), (running(1, "a", "0", for_s=3599),), waiting)) == []
    assert suspended(Snapshot(nodes(1), (running(1, "a", "0", for_s=3600),), waiting)) == [1]
    assert suspended(Snapshot(nodes(1), (running(1, "b", "0", for_s=9999),), waiting)) == []


def test_a_task_that_never_saves_gets_longer_and_longer_slices() -> None:
    """Rule 7: each time in a row that it lost its nodes unsaved doubles the next slice, so that in the end it gets done."""
    waiting = (queued(2, "b", 1),)
    for forced, slice_s in ((0, 3600), (1, 7200), (3, 28_800)):
        assert suspended(Snapshot(nodes(1), (running(1, "a", "0", for_s=slice_s - 1, forced=forced),), waiting)) == []
        assert suspended(Snapshot(nodes(1), (running(1, "a", "0", for_s=slice_s, forced=forced),), waiting)) == [1]


def test_the_first_task_of_each_user_comes_before_the_second_of_any() -> None:
    """Rule 2: a user who submits ten tasks does not push back one who submits one."""
    line = (*(queued(number, "a", 1, for_s=100 - number) for number in range(1, 4)), queued(9, "b", 1, for_s=1))
    assert started(Snapshot(nodes(2), (), line)) == [1, 9]


def test_a_blocked_wide_task_reserves_and_borrowers_yield_first() -> None:
    """Rule 3: narrow tasks use what is idle but cannot starve the wide one ahead of them."""
    wide, narrow = queued(2, "b", 3), queued(3, "c", 1, for_s=1)
    first = plan(Snapshot(nodes(3), (running(1, "a", "0"),), (wide, narrow)), SETTINGS, NOW)
    assert [(start.run_id, start.is_borrowing) for start in first.starts] == [(3, True)]
    borrower = running(3, "c", "1", for_s=300, is_borrowing=True)._replace(queued_at=NOW - 1)
    assert suspended(Snapshot(nodes(3), (borrower,), (wide,))) == [3]
    fresh = borrower._replace(started_at=NOW - 299)
    assert suspended(Snapshot(nodes(3), (fresh,), (wide,))) == [], "rule 7: not before the minimum slice"


def test_own_tasks_may_pass_a_blocked_one_only_for_a_while() -> None:
    """Rule 2 and 3 together: own narrow tasks never yield to the own wide one, so they pass it only while it is patient."""
    busy = (running(1, "a", "0"),)
    narrow = queued(3, "b", 1, for_s=1)
    assert started(Snapshot(nodes(3), busy, (queued(2, "b", 3, for_s=86_399), narrow))) == [3]
    assert started(Snapshot(nodes(3), busy, (queued(2, "b", 3, for_s=86_400), narrow))) == []


def test_quotas_hold_back_without_blocking_others() -> None:
    """Rule 4: beyond the quota a task waits, others go past it; AUTO takes the highest priority with room."""
    rows = {("a", "g", 30): 1, ("a", "g", 10): 2}
    line = (
        queued(1, "a", 1, priority=30),
        queued(2, "a", 1, priority=30),
        queued(3, "b", 1),
        queued(4, "a", 1, priority=-1),
    )
    decided = plan(Snapshot(nodes(8), (), line, rows), SETTINGS, NOW)
    assert {start.run_id: start.priority for start in decided.starts} == {1: 30, 3: 10, 4: 10}
    assert decided.waits[2].code == "quota"


def test_a_zero_quota_row_stalls_nobody_else() -> None:
    """Rule 4: an AUTO task without any room waits by itself."""
    decided = plan(
        Snapshot(nodes(2), (), (queued(1, "a", 1, priority=-1), queued(2, "b", 1)), {("a", "g", 30): 0, ("a", "g", 10): 0}),
        SETTINGS,
        NOW,
    )
    assert [start.run_id for start in decided.starts] == [2]
    assert decided.waits[1].code == "quota"


@pytest.mark.parametrize(("most", "width", "priority"), [(0, 1, 10), (1, 2, 10), (2, 2, 50)])
def test_auto_is_not_held_back_by_what_it_need_not_take(most: int, width: int, priority: int) -> None:
    """Rule 4: who may not use a high priority, or not enough of it, is at NORMAL where no row limits that."""
    line = (queued(1, "a", width, priority=-1),)
    decided = plan(Snapshot(nodes(2), (), line, {("a", "g", 50): most}), SETTINGS, NOW)
    assert [(start.run_id, start.priority) for start in decided.starts] == [(1, priority)]


def test_above_normal_wears_off() -> None:
    """Rule 5: after 30 minutes of running, over all runs of the chain, ABOVE_NORMAL counts as NORMAL."""
    waiting = (queued(2, "b", 1, priority=20),)
    assert suspended(Snapshot(nodes(1), (running(1, "a", "0", priority=20, for_s=1799),), waiting)) == []
    assert suspended(Snapshot(nodes(1), (running(1, "a", "0", priority=20, for_s=1800),), waiting)) == [1]
    assert suspended(Snapshot(nodes(1), (running(1, "a", "0", priority=20, for_s=10, ran_s=1790),), waiting)) == [1]


def test_it_wakes_when_time_alone_changes_the_answer() -> None:
    """The loop sleeps until the first slice end; with nobody waiting it sleeps for good."""
    snapshot = Snapshot(nodes(1), (running(1, "a", "0", for_s=600),), (queued(2, "b", 1),))
    assert plan(snapshot, SETTINGS, NOW).wake_at == NOW + 3000
    assert plan(snapshot._replace(queued=()), SETTINGS, NOW).wake_at is None


def test_the_reason_names_place_need_and_holder() -> None:
    """A person reads how many are ahead, what is needed and who holds it until when."""
    line = (queued(2, "b", 4, for_s=90), queued(3, "c", 4))
    snapshot = Snapshot(nodes(4), (running(1, "a", "0 1", for_s=0),), line)
    decided = plan(snapshot, SETTINGS, NOW)
    pending = reason(snapshot, decided, 3, {1: "exp_b"})
    assert pending.position == 2
    text = pending.to_wire()["text"]
    assert text.startswith("2nd in queue: 1 ahead at NORMAL; needs 4 nodes, 2 are free, 2 held by exp_b (running, slice ends ")


def test_a_wide_task_gets_its_turn_among_a_stream_of_narrow_ones() -> None:
    """No starvation: with narrow tasks of other users arriving all the time, the wide one starts after one slice."""
    now, run_id = NOW, 10
    held = [running(number, "abcd"[number], str(number), for_s=number * 900.0) for number in range(4)]
    wide = queued(9, "w", 4, for_s=0)
    line = [wide]
    for _ in range(200):
        decided = plan(Snapshot(nodes(4), tuple(held), tuple(line)), SETTINGS, now)
        if any(start.run_id == 9 for start in decided.starts):
            break
        for start in decided.starts:
            task = next(task for task in line if task.run_id == start.run_id)
            line.remove(task)
            held.append(
                RunningTask(
                    task.run_id, task.user, "g", 10, start.nodes, now, task.queued_at, is_borrowing=start.is_borrowing
                )
            )
        for suspend in decided.suspends:
            gone = next(run for run in held if run.run_id == suspend.run_id)
            held.remove(gone)
            line.append(QueuedTask(gone.run_id, gone.user, "g", 10, len(gone.nodes), now))
        run_id += 1
        line.append(QueuedTask(run_id, "abcdefgh"[run_id % 8], "g", 10, 1, now))
        now += 60
    assert now - NOW <= SETTINGS.slice_s + 2 * SETTINGS.min_slice_s


def test_a_check_gets_its_node_before_everybody_else() -> None:
    """Whoever is pinned interrupts nobody, waits for the one node, cordoned or not, and is then first; nobody yields for or to it."""
    cordoned = (*nodes(2), PolicyNode("n2", "g", False, "ill"))
    check = PinnedTask(7, "a", "g", "n0", NOW - 1)
    urgent = queued(3, "b", 1, priority=50, for_s=500)
    busy = Snapshot(cordoned, (running(1, "a", "0"), running(2, "c", "1")), (), pinned=(check,))
    decided = plan(busy, SETTINGS, NOW)
    assert not decided.starts and not decided.suspends
    assert decided.waits[7].code == "node_busy"
    free = Snapshot(cordoned, (running(2, "c", "1", priority=50),), (urgent,), pinned=(check,))
    decided = plan(free, SETTINGS, NOW)
    assert [(start.run_id, start.nodes) for start in decided.starts] == [(7, ("n0",))]
    assert decided.waits[3].code == "saving", "the check is over soon: nothing else is interrupted meanwhile"
    assert not decided.suspends
    assert started(Snapshot(cordoned, (), (), pinned=(check._replace(node="n2"),))) == [7]
    gone = plan(Snapshot(cordoned, (), (), pinned=(check._replace(node="n9"),)), SETTINGS, NOW)
    assert gone.waits[7].code == "node_gone"


def test_a_check_takes_nothing_from_a_quota() -> None:
    """It is not the user's work."""
    check = running(7, "a", "0")._replace(is_leaving=True, is_pinned=True)
    snapshot = Snapshot(nodes(2), (check,), (queued(8, "a", 1),), {("a", "g", 10): 1})
    assert started(snapshot) == [8]


def test_two_checks_of_a_node_one_after_the_other() -> None:
    """In the order in which they came; a held-back one says when."""
    first, second = PinnedTask(7, "a", "g", "n0", NOW - 9), PinnedTask(8, "b", "g", "n0", NOW - 8)
    decided = plan(Snapshot(nodes(1), (), (), pinned=(second, first)), SETTINGS, NOW)
    assert [start.run_id for start in decided.starts] == [7]
    assert decided.waits[8].code == "node_busy"
    later = plan(Snapshot(nodes(1), (), (), pinned=(first._replace(not_before=NOW + 5),)), SETTINGS, NOW)
    assert later.waits[7].code == "backoff"
    assert later.wake_at == NOW + 5
