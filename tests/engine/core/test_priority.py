"""Priorities and quotas: changed from outside and from inside, refused where they could never be met."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from hfai.model.errors import QuotaExceeded, RefusedError


def test_a_new_priority_counts_at_once_and_for_good(bench: Any) -> None:
    """Queued: another place. Running: others may interrupt it or no longer. After a suspension and a restart: still."""

    async def work() -> None:
        async with bench.running():
            running = bench.submit("running", 4)
            one, two = bench.submit("one", 4), bench.submit("two", 4)
            assert bench.task(two).pending.position == 2
            assert bench.engine.set_priority(two, 40).priority == 40
            bench.engine.tick()
            assert bench.executor.told == [running.id]
            assert (bench.task(two).pending.position, bench.task(one).pending.position) == (1, 2)
            for rank in range(4):
                bench.executor.end(running.id, rank, signal=15, asked="suspend")
            bench.engine.tick()
            bench.executor.reports.wished(two.id, 0, "set_priority", {"priority": 10})
            bench.executor.reports.wished(two.id, 0, "set_priority", {"priority": 11})
            bench.engine.tick()
            assert bench.task(two).priority == 10
            assert bench.executor.told == [running.id, two.id], "now it is the lower one"
        async with bench.running():
            assert bench.task(two).priority == 10

    asyncio.run(work())


def test_a_finished_task_keeps_its_priority(bench: Any) -> None:
    async def work() -> None:
        async with bench.running():
            task = bench.submit("task")
            bench.executor.end(task.id)
            bench.engine.tick()
            with pytest.raises(RefusedError, match="has finished"):
                bench.engine.set_priority(task, 40)

    asyncio.run(work())


def test_quotas(bench: Any) -> None:
    """Beyond the whole quota: refused, with the numbers. Beyond what is left: it waits and says so, nobody else does."""
    bench.settings = {
        "quotas": [
            {"priority": "HIGH", "nodes": 2},
            {"priority": "NORMAL", "nodes": 3},
            {"priority": "LOW", "nodes": 1},
        ]
    }

    async def work() -> None:
        async with bench.running():
            with pytest.raises(QuotaExceeded) as refused:
                bench.submit("wide", 3)
            assert refused.value.data == {"nodes": 3, "group": "default", "priority": "HIGH", "quota": 2}
            with pytest.raises(QuotaExceeded):
                bench.submit("wide", 4, priority=20)  # becomes NORMAL
            with pytest.raises(QuotaExceeded):
                bench.submit("wide", 3, priority=0)
            first, second = bench.submit("first", 2), bench.submit("second", 1)
            assert bench.task(second).pending.code == "quota"
            low = bench.submit("low", priority=0)
            assert bench.status(low)[0] == "running"
            with pytest.raises(QuotaExceeded):
                bench.engine.set_priority(first, 0)
            with pytest.raises(RefusedError, match="quota of 2 at HIGH 2 are in use"):
                bench.engine.set_priority(low, 30)
            bench.engine.set_priority(second, 10)
            bench.engine.tick()
            assert bench.status(second)[0] == "running"
            auto = bench.submit("auto", priority=-1)
            assert bench.task(auto).pending is not None
            for rank in (0, 1):
                bench.executor.end(first.id, rank)
            bench.engine.tick()
            assert bench.status(auto)[0] == "running"

    asyncio.run(work())


def test_users_take_turns(bench: Any) -> None:
    """When a slice is over the task yields to another user's, and later gets its turn again."""
    bench.settings = {"slice_s": 60, "min_slice_s": 10}

    async def work() -> None:
        async with bench.running():
            mine = bench.submit("mine", 4)
            other = bench.user.__class__(name="other", role="internal", groups=(), uid=0)
            theirs = bench.engine.submit(bench.body("theirs", 4), user=other)
            bench.submit("mine too", 4)
            bench.clock.advance(59)
            bench.engine.tick()
            assert bench.executor.told == []
            bench.clock.advance(1)
            bench.engine.tick()
            assert bench.executor.told == [mine.id]
            why = bench.task(mine).newest.suspension.why
            end = datetime.fromtimestamp(bench.clock.now()).strftime("%H:%M")
            assert why == (
                f"its time slice ended at {end}: it makes room for theirs ({theirs.id}) of other, who waits for a turn"
            )
            for rank in range(4):
                bench.executor.end(mine.id, rank, signal=15, asked="suspend")
            bench.engine.tick()
            assert set(bench.executor.orders) == {theirs.id}
            assert bench.executor.orders[theirs.id].user.name == "other"

    asyncio.run(work())


def test_user_failures_restart_only_when_asked(bench: Any) -> None:
    """As often as asked, then the failure stands; a limit of time is never run into twice."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("flaky", options={"restart": 2})
            for code in (3, 4):
                bench.executor.end(bench.task(task).id, code=code)
                bench.engine.tick()
                bench.engine.tick()
                assert bench.status(task)[0] == "running"
            assert [int(run.stop_code) for run in bench.task(task).runs] == [2177, 2177, 0]
            bench.executor.end(bench.task(task).id, code=5)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "failed", 129)
            assert bench.task(task).newest.end.exit_status == 5
            slow = bench.submit("slow", options={"restart": 2})
            bench.executor.end(slow.id, outcome="timeout", signal=9)
            bench.engine.tick()
            assert bench.status(slow)[:3] == ("finished", "finished", "failed")
            hung = bench.submit("hung", options={"restart": 1})
            bench.executor.end(hung.id, outcome="watchdog", signal=9)
            bench.engine.tick()
            bench.engine.tick()
            assert bench.status(hung)[0] == "running"

    asyncio.run(work())


def test_a_stop_ends_the_restarts(bench: Any) -> None:
    """Also when the failure came first."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("flaky", options={"restart": 9})
            bench.executor.end(task.id, code=1)
            await bench.stop(task)
            bench.engine.tick()
            assert (bench.status(task)[0], bench.status(task)[3]) == ("finished", 1025)
            assert len(bench.task(task).runs) == 1

    asyncio.run(work())
