"""A restart of the engine with nothing changed, with a wish of the user under way, and with other nodes."""

from __future__ import annotations

import asyncio
from typing import Any

from hfai.model.records import Cause, Cordon, Node


def test_everything_is_still_known(bench: Any) -> None:
    """Queued, running and finished tasks, their tags and their order in line."""

    async def work() -> None:
        async with bench.running():
            done = bench.submit("done", options={"tags": ["kept"]})
            bench.executor.end(done.id, code=4)
            bench.engine.tick()
            running = bench.submit("running", 3)
            bench.executor.begin(running.id, 1)
            bench.engine.tick()
            bench.submit("first", 2)
            bench.submit("second", 2)
            before = {name: bench.task(name) for name in ("done", "running", "first", "second")}
            engine_id = bench.engine.engine_id
        async with bench.running():
            assert bench.engine.engine_id == engine_id
            assert {name: bench.task(name) for name in before} == before
            assert bench.executor.adopted == {running.id: None}
            assert bench.task("second").pending.position == 2
            for rank in range(3):
                bench.executor.end(running.id, rank)
            bench.engine.tick()
            assert bench.status(running)[2] == "succeeded"
            assert set(bench.executor.orders) == {bench.task("first").id, bench.task("second").id}

    asyncio.run(work())


def test_a_stop_survives(bench: Any) -> None:
    """The ranks are asked again, with the same word."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("stopping", 2)
            await bench.stop(task, "succeed")
        async with bench.running():
            assert bench.executor.adopted == {task.id: "succeed"}
            assert [(asked.rank, asked.word) for asked in bench.executor.asked] == [(0, "succeed"), (1, "succeed")]
            for rank in (0, 1):
                bench.executor.end(task.id, rank, asked="succeed", code=1)
            bench.engine.tick()
            assert bench.task(task).newest.end.cause is Cause.MARKED_SUCCEEDED

    asyncio.run(work())


def test_the_grace_after_a_failure_goes_on(bench: Any) -> None:
    """It counts from the failure, not from the restart."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("gang", 2)
            bench.executor.end(task.id, 1, code=1)
            failed_at = bench.clock.now()
            bench.engine.tick()
        bench.clock.advance(60)
        async with bench.running():
            assert bench.executor.asked == []
            now = bench.clock.now()
            bench.clock.advance(failed_at - now)
            bench.executor.end(task.id, 1, code=1)
            bench.clock.advance(now - failed_at)
            bench.engine.tick()
            assert [(asked.rank, asked.word) for asked in bench.executor.asked] == [(0, "gang")]

    asyncio.run(work())


def test_the_wait_before_a_restart_survives(bench: Any) -> None:
    """And so does the count of failures."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("flaky")
            for _ in range(2):
                bench.executor.lose(bench.task(task).id)
                bench.engine.tick()
                bench.engine.tick()
        async with bench.running():
            assert bench.task(task).pending.code == "backoff"
            bench.clock.advance(1)
            bench.engine.tick()
            for _ in range(2):
                bench.executor.lose(bench.task(task).id)
                bench.engine.tick()
                bench.clock.advance(3)
                bench.engine.tick()
            assert bench.status(task)[:3] == ("finished", "finished", "failed")

    asyncio.run(work())


def test_nodes_that_are_gone(bench: Any) -> None:
    """What runs there goes on; what waits for more than there is says so and keeps nobody else waiting."""

    async def work() -> None:
        async with bench.running():
            running = bench.submit("running", 4)
            wide = bench.submit("wide", 4)
        bench.nodes = [Node("other", "default")]
        async with bench.running():
            assert bench.task(wide).pending.code == "group_too_small"
            narrow = bench.submit("narrow")
            assert bench.task(narrow).assigned_nodes == ("other",)
            for rank in range(4):
                bench.executor.end(running.id, rank)
            bench.engine.tick()
            assert bench.status(running)[2] == "succeeded"
            assert bench.status(wide)[1] == "queued"

    asyncio.run(work())


def test_cordoned_nodes_are_left_out(bench: Any) -> None:
    """With the reason on the tasks that would need them."""
    bench.nodes = [
        Node("a", "default"),
        Node("b", "default", cordon=Cordon("fan", "slurm", 0.0)),
        Node("c", "default", is_ready=False),
    ]

    async def work() -> None:
        async with bench.running():
            wide, narrow = bench.submit("wide", 2), bench.submit("narrow")
            assert bench.task(wide).pending.code == "cordoned"
            assert bench.task(narrow).assigned_nodes == ("a",)

    asyncio.run(work())


def test_closing_with_the_tasks(bench: Any) -> None:
    """Running ones are stopped, queued ones canceled; it returns when all have ended."""

    async def work() -> None:
        async with bench.running():
            running, waiting = bench.submit("running", 4), bench.submit("waiting")
            closing = asyncio.create_task(bench.engine.close(stop_tasks=True))
            while len(bench.executor.asked) < 4:
                await asyncio.sleep(0)
            assert bench.status(waiting)[2] == "canceled"
            assert not closing.done()
            for rank in range(4):
                bench.executor.end(running.id, rank, asked="stop", signal=15)
            await asyncio.wait_for(closing, 10)
            assert bench.executor.forgotten == [running.id]

    asyncio.run(work())
