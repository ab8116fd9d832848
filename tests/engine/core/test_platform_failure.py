"""A rank that nobody knows the end of: the platform's fault, and the platform starts the task again."""

from __future__ import annotations

import asyncio
from typing import Any

from hfai.model.records import Cause


def test_a_lost_rank_restarts_the_run(bench: Any) -> None:
    """The other ranks are stopped at once; the chain goes on under a new id, the old one still finds it."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("lost", 2)
            for rank in (0, 1):
                bench.executor.begin(task.id, rank)
            bench.executor.lose(task.id, 1)
            bench.engine.tick()
            assert [(asked.rank, asked.word) for asked in bench.executor.asked] == [(0, "gang")]
            bench.executor.end(task.id, 0, signal=15, asked="gang")
            bench.engine.tick()
            bench.engine.tick()
            again = bench.task(task)
            assert (len(again.runs), again.chain_status.value, again.newest.worker_status) == (2, "running", "created")
            first = again.runs[0]
            assert (first.worker_status, int(first.stop_code)) == ("stopped", 17)
            assert (first.end.cause, first.end.rank, first.end.exit_status) == (Cause.PLATFORM, 1, 1)
            bench.executor.end(again.id, 0)
            bench.executor.end(again.id, 1)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "succeeded", 1)

    asyncio.run(work())


def test_restarts_wait_longer_and_longer_and_come_to_an_end(bench: Any) -> None:
    """At once, after 1 s, after 2 s, then no more: the chain has failed and says why."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("loop")
            for delay_s in (0, 1, 2):
                bench.executor.lose(bench.task(task).id)
                bench.engine.tick()
                bench.engine.tick()
                if delay_s:
                    assert bench.task(task).pending.code == "backoff"
                    bench.clock.advance(delay_s - 0.1)
                    bench.engine.tick()
                    assert bench.task(task).chain_status.value == "suspended"
                    bench.clock.advance(0.1)
                    bench.engine.tick()
                assert bench.task(task).chain_status.value == "running"
            bench.executor.lose(bench.task(task).id)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "failed", 129)
            end = bench.task(task).newest.end
            assert end.cause is Cause.PLATFORM
            assert "too often" in end.message

    asyncio.run(work())


def test_a_run_that_lasted_begins_the_count_anew(bench: Any) -> None:
    """Ten good minutes between two failures make them two, not a series."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("lasting")
            for _ in range(6):
                bench.clock.advance(601)
                bench.executor.lose(bench.task(task).id)
                bench.engine.tick()
                bench.engine.tick()
                assert bench.task(task).chain_status.value == "running"

    asyncio.run(work())


def test_a_task_that_is_being_stopped_is_not_started_again(bench: Any) -> None:
    """The user's word stands."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("enough")
            await bench.stop(task)
            bench.executor.lose(task.id)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "stopped", 1025)

    asyncio.run(work())


def test_a_waiting_restart_can_be_canceled(bench: Any) -> None:
    """It is queued like any other."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("cancel")
            for _ in range(2):
                bench.executor.lose(bench.task(task).id)
                bench.engine.tick()
                bench.engine.tick()
            assert await bench.stop(bench.task(task)) == "canceled"
            assert bench.status(task) == ("finished", "finished", "canceled", 0)
            assert [job.node for job in bench.task(task).jobs] == ["cpu-1"]

    asyncio.run(work())


def test_a_user_failure_is_final(bench: Any) -> None:
    """Also when the platform loses another rank afterwards."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("bug", 2)
            bench.executor.end(task.id, 0, code=2)
            bench.clock.advance(1)
            bench.executor.lose(task.id, 1)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "failed", 129)
            assert bench.task(task).newest.end.rank == 0

    asyncio.run(work())


def test_other_nodes_are_taken_where_there_are_enough(bench: Any) -> None:
    """The one that failed it is the last choice; where only it is free it is taken all the same."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("narrow")
            assert bench.task(task).assigned_nodes == ("cpu-0",)
            bench.executor.lose(task.id)
            bench.engine.tick()
            bench.engine.tick()
            assert bench.task(task).assigned_nodes == ("cpu-1",)
            bench.submit("wide", 3)
            bench.executor.lose(bench.task(task).id)
            bench.clock.advance(2)
            bench.engine.tick()
            bench.engine.tick()
            assert bench.task(task).assigned_nodes == ("cpu-1",), "nothing else is free"

    asyncio.run(work())


def test_an_unfit_node_fails_its_task_by_and_by(bench: Any) -> None:
    """``self_health_check`` said so: another node, later each time, and in the end a failure with that cause."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("ill", 2)
            for attempt, node in enumerate(("cpu-1", "cpu-2", "cpu-3", "cpu-3")):
                run = bench.task(task)
                assert run.chain_status.value == "running", attempt
                bench.executor.go_suspend(run.id, 1, is_unfit=True)
                assert run.jobs[1].node == node or attempt > 1
                for rank in (0, 1):
                    bench.executor.end(run.id, rank, signal=15, asked="suspend", can_suspend=rank == 1, is_unfit=rank == 1)
                bench.engine.tick()
                bench.engine.tick()
                if 0 < attempt < 3:
                    text = bench.task(task).pending.text
                    assert f"unfit: see its log; {attempt + 1} times in a row" in text and text.startswith("starts again at ")
                bench.clock.advance(4)
                bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "failed", 129)
            end = bench.task(task).newest.end
            assert (end.cause, end.rank, end.exit_status) == (Cause.PLATFORM, 1, 1)
            assert "self_health_check found node" in end.message and "too often in a row" in end.message
            assert [run.end.cause for run in bench.task(task).runs] == [Cause.PLATFORM] * 4

    asyncio.run(work())


def test_who_yields_unasked_is_held_back(bench: Any) -> None:
    """1 s, 2 s, 4 s, up to the cap; a run that lasted begins anew; resuming it lifts that."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("restless")

            def yields() -> Any:
                run_id = bench.task(task).id
                bench.executor.go_suspend(run_id)
                bench.executor.end(run_id, signal=15, asked="suspend", can_suspend=True)
                bench.engine.tick()
                bench.engine.tick()
                return bench.task(task)

            for count, delay_s in enumerate((1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300), 1):
                waiting = yields()
                assert waiting.pending.code == "backoff"
                assert count == 1 or f"{count} times in a row" in waiting.pending.text
                bench.clock.advance(delay_s - 0.1)
                bench.engine.tick()
                assert bench.task(task).chain_status.value == "suspended"
                bench.clock.advance(0.1)
                bench.engine.tick()
                assert bench.task(task).chain_status.value == "running"
            yields()
            bench.engine.resume(bench.task(task))
            bench.engine.tick()
            assert bench.task(task).chain_status.value == "running"
            bench.clock.advance(601)
            waiting = yields()
            assert waiting.pending.text.endswith("it has yielded its nodes by itself")
            bench.clock.advance(1)
            bench.engine.tick()
            assert bench.task(task).chain_status.value == "running"

    asyncio.run(work())
