"""A suspension at each of its moments: told, acknowledged, saved or forced, and everything that may come in between."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

import pytest
from attrs import evolve

from hfai.engine.queries import Selector
from hfai.model.records import Cause, Task


def words(bench: Any) -> list[tuple[int, int, str]]:
    return [(asked.run_id, asked.rank, asked.word) for asked in bench.executor.asked]


def stop_all(bench: Any, task: Task, *, asked: Optional[str] = "suspend") -> None:
    """Every rank that has not ended ends because it was told to."""
    for rank in range(task.nodes):
        bench.executor.end(task.id, rank, signal=15, asked=asked)
    bench.engine.tick()
    bench.engine.tick()


def test_a_higher_priority_interrupts_and_the_chain_goes_on(bench: Any) -> None:
    """Told, acknowledged, saved; nodes change hands; the interrupted chain is queued under a new id and starts again."""

    async def work() -> None:
        async with bench.running():
            low = bench.submit("low", 4, options={"whole_life_state": 3})
            for rank in range(4):
                bench.executor.begin(low.id, rank)
            bench.clock.advance(1)
            high = bench.submit("high", 4, priority=40)
            assert bench.executor.told == [low.id]
            assert bench.executor.asked == []
            assert (
                bench.task(high).pending.to_wire()["text"] == "next to start: waits for low to save and leave its nodes"
            )
            run = bench.task(low).newest
            assert (int(run.suspend_code), run.suspension.by.value, run.suspension.for_id) == (1, "scheduler", high.id)
            assert "a higher priority asks: it makes room for high" in run.suspension.why
            bench.clock.advance(1)
            bench.executor.acknowledge(low.id)
            bench.executor.reports.wished(low.id, 0, "whole_life_state", {"state": 9})
            bench.clock.advance(1)
            bench.executor.go_suspend(low.id, 2)
            bench.engine.tick()
            assert words(bench) == [(low.id, rank, "suspend") for rank in range(4)]
            stop_all(bench, low)
            assert bench.status(high)[0] == "running"
            again = bench.task(low)
            assert (again.chain_status.value, len(again.runs), again.newest.whole_life_state) == ("suspended", 2, 9)
            old = again.runs[0]
            assert (old.worker_status, int(old.stop_code), int(old.suspend_code)) == ("stopped", 17, 3)
            assert old.end.cause is Cause.SUSPENDED
            told = old.suspension
            assert (told.acknowledged_at - told.told_at, told.saved_at - told.told_at, told.forced_at) == (1, 2, None)
            stop_all(bench, high, asked=None)
            assert bench.status(low)[0] == "running"
            wire = bench.task(low).to_wire()
            assert [decision["what"] for decision in wire["decisions"]] == ["start", "suspend", "start"]
            assert wire["suspensions"][0]["saved_at"]
            assert wire["suspend_code_list"] == [3, 0]
            assert bench.executor.orders[wire["id"]].whole_life_state == 9

    asyncio.run(work())


@pytest.mark.parametrize(
    ("options", "settings", "grace_s"),
    [
        ({}, {}, 5),
        ({"suspend_grace": 20}, {}, 20),
        ({"suspend_grace": 600}, {"suspend_grace_max_s": 30}, 30),
        ({}, {"suspend_grace_s": 8}, 8),
    ],
)
def test_forced_when_the_grace_is_over(bench: Any, options: Any, settings: Any, grace_s: float) -> None:
    """What the task asks for, up to the administrator's cap."""
    bench.settings = settings

    async def work() -> None:
        async with bench.running():
            task = bench.submit("stubborn", options=options)
            bench.executor.begin(task.id)
            assert bench.engine.suspend(task) == "suspending"
            assert bench.engine.suspend(task) == "suspending", "twice is once"
            assert bench.executor.told == [task.id]
            bench.clock.advance(grace_s - 0.1)
            bench.engine.tick()
            assert words(bench) == []
            bench.clock.advance(0.1)
            bench.engine.tick()
            assert words(bench) == [(task.id, 0, "suspend")]
            stop_all(bench, task)
            again = bench.task(task)
            assert (again.chain_status.value, len(again.runs)) == ("running", 2), "nobody else waits"
            assert again.runs[0].suspension.forced_at is not None
            assert int(again.runs[0].suspend_code) == 1

    asyncio.run(work())


def test_who_ends_by_itself_in_the_window(bench: Any) -> None:
    """With 0 it has finished, with another code it has failed; after go_suspend it is suspended whatever the code."""

    async def work() -> None:
        async with bench.running():
            for name, code, can_suspend in (
                ("done", 0, False),
                ("broken", 3, False),
                ("saved", 0, True),
                ("rude", 1, True),
            ):
                task = bench.submit(name)
                bench.executor.begin(task.id)
                bench.engine.suspend(task)
                bench.executor.end(task.id, code=code, can_suspend=can_suspend)
                bench.engine.tick()
                bench.engine.tick()
            assert bench.status("done") == ("finished", "finished", "succeeded", 1)
            assert bench.status("broken") == ("finished", "finished", "failed", 129)
            assert [bench.status(name)[0] for name in ("saved", "rude")] == ["running", "running"]
            assert [bench.task(name).runs[0].end.cause for name in ("saved", "rude")] == [Cause.SUSPENDED] * 2
            for name in ("saved", "rude"):
                bench.executor.end(bench.task(name).id)
            bench.engine.tick()

    asyncio.run(work())


@pytest.mark.parametrize("op", ["stop", "fail", "succeed"])
@pytest.mark.parametrize("moment", ["told", "leaving", "ended"])
def test_a_stop_during_a_suspension(bench: Any, op: str, moment: str) -> None:
    """The user's word stands, at whatever moment it comes: the chain ends."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("task", 2)
            bench.engine.suspend(task)
            if moment != "told":
                bench.executor.go_suspend(task.id)
            if moment == "ended":
                for rank in (0, 1):
                    bench.executor.end(task.id, rank, signal=15, asked="suspend")
            assert await bench.stop(task, op) == "stopping"
            if moment != "ended":
                stop_all(bench, task, asked=op if moment == "told" else "suspend")
            bench.engine.tick()
            expected = {"stop": ("stopped", 1025), "fail": ("failed", 8193), "succeed": ("succeeded", 4097)}[op]
            assert (bench.status(task)[0], bench.status(task)[3]) == ("finished", expected[1])
            assert len(bench.task(task).runs) == 1

    asyncio.run(work())


def test_suspended_before_it_has_started(bench: Any) -> None:
    """Its ranks are stopped when the grace is over, started or not, and it is queued again."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("early")
            bench.engine.suspend(task)
            bench.clock.advance(5)
            bench.engine.tick()
            bench.executor.end(task.id, code=None, asked="suspend")
            bench.engine.tick()
            bench.engine.tick()
            assert [run.worker_status for run in bench.task(task).runs] == ["stopped", "created"]

    asyncio.run(work())


def test_what_waits_or_has_ended_is_left_alone(bench: Any) -> None:
    """Suspending it says so; resuming a queued chain changes nothing."""

    async def work() -> None:
        async with bench.running():
            running, waiting = bench.submit("running", 4), bench.submit("waiting")
            assert bench.engine.suspend(waiting) == "queued"
            assert bench.engine.resume(waiting).id == waiting.id
            stop_all(bench, running, asked=None)
            for rank in range(4):
                bench.executor.end(running.id, rank)
            bench.engine.tick()
            assert bench.engine.suspend(running) == "already_finished"

    asyncio.run(work())


def test_a_task_may_suspend_itself(bench: Any) -> None:
    """go_suspend without having been told: it yields and is queued again, as on HAI Platform."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("polite", 2)
            bench.executor.begin(task.id)
            bench.executor.go_suspend(task.id, 1)
            stop_all(bench, task)
            again = bench.task(task)
            assert (len(again.runs), again.runs[0].suspension.by.value) == (2, "task")
            assert int(again.runs[0].stop_code) == 17

    asyncio.run(work())


def test_a_supervisor_lost_during_a_suspension(bench: Any) -> None:
    """Before the ranks are told to end it is the platform's failure, after that it has followed; the chain goes on either way."""

    async def work() -> None:
        async with bench.running():
            for name, is_told in (("window", False), ("leaving", True)):
                task = bench.submit(name)
                bench.executor.begin(task.id)
                bench.engine.suspend(task)
                if is_told:
                    bench.executor.go_suspend(task.id)
                bench.executor.lose(task.id)
                bench.engine.tick()
                bench.engine.tick()
                assert bench.status(task)[0] == "running"
            causes = [bench.task(name).runs[0].end.cause for name in ("window", "leaving")]
            assert causes == [Cause.PLATFORM, Cause.SUSPENDED]

    asyncio.run(work())


@pytest.mark.parametrize("moment", ["told", "acknowledged", "saved", "overdue"])
def test_a_restart_of_the_daemon_in_the_window(bench: Any, moment: str) -> None:
    """The window is taken up again where it was."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("task", 2)
            for rank in (0, 1):
                bench.executor.begin(task.id, rank)
            bench.engine.suspend(task)
            bench.clock.advance(1)
            if moment == "acknowledged":
                bench.executor.acknowledge(task.id)
            if moment == "saved":
                bench.executor.go_suspend(task.id)
            bench.engine.tick()
            before = bench.task(task)
        bench.clock.advance(30 if moment == "overdue" else 1)
        async with bench.running():
            assert bench.executor.adopted == {task.id: "suspend"}
            told = bench.task(task).newest.suspension
            assert told.told_at == before.newest.suspension.told_at
            if moment in ("told", "acknowledged"):
                assert bench.executor.told == [task.id]
                assert words(bench) == []
                bench.executor.go_suspend(task.id)
                bench.engine.tick()
            assert words(bench) == [(task.id, 0, "suspend"), (task.id, 1, "suspend")]
            stop_all(bench, task)
            assert [run.worker_status for run in bench.task(task).runs] == ["stopped", "created"]

    asyncio.run(work())


def test_what_the_policy_needs_survives_a_restart(bench: Any) -> None:
    """How long the chain has run before, and since when this run does."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("task", priority=20)
            bench.clock.advance(1000)
            bench.engine.suspend(task)
            stop_all(bench, task)
        async with bench.running():
            run = bench.task(task).newest
            assert run.begin_at == bench.clock.now()
            bench.clock.advance(900)
            # ABOVE_NORMAL has worn off: it is NORMAL, and an ABOVE_NORMAL of the same user interrupts it.
            bench.submit("fresh", 4, priority=20)
            assert bench.executor.told == [run.id]
            assert "a higher priority asks" in bench.task(task).newest.suspension.why

    asyncio.run(work())


def test_who_never_saves_gets_a_longer_slice_each_time(bench: Any) -> None:
    """Two that need more than a slice would displace each other for ever; one that saves is back at one slice."""
    bench.nodes, bench.settings = 1, {"slice_s": 100, "min_slice_s": 10}

    def until_told(task: Task) -> float:
        began = bench.clock.now()
        while task.id not in bench.executor.told:
            bench.clock.advance(10)
            bench.engine.tick()
        return float(bench.clock.now() - began)

    def displaced(name: str, *, saves: bool) -> float:
        """How long the task keeps its node, which it then leaves to the other one."""
        task = bench.engine.find(Selector(nb_name=name), user=users[name])
        bench.executor.begin(task.id)
        slice_s = until_told(task)
        if saves:
            bench.executor.go_suspend(task.id, 0)
        else:
            bench.clock.advance(5)
        bench.engine.tick()
        stop_all(bench, task)
        return slice_s

    async def work() -> None:
        async with bench.running():
            for name in ("a", "b"):
                users[name] = evolve(bench.user, name=name)
                bench.engine.submit(bench.body(name), user=users[name])
                bench.engine.tick()
            assert [displaced("ab"[turn % 2], saves=turn in (4, 5)) for turn in range(8)] == [
                *(100, 100, 200, 200, 400, 400, 100, 100)
            ]

    users: dict[str, Any] = {}
    asyncio.run(work())
