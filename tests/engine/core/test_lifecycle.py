"""A task from submission to its end, with what existing servers say at each point (wire document, section 12)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hfai.model.records import Cause


def run(work: Any) -> None:
    asyncio.run(work)


def test_one_rank_from_queued_to_succeeded(bench: Any) -> None:
    """Every status on the way, and the end."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("one")
            assert bench.status(task) == ("running", "scheduled", "created", 0)
            bench.executor.begin(task.id)
            bench.engine.tick()
            assert bench.status(task) == ("running", "scheduled", "running", 0)
            bench.clock.advance(10)
            bench.executor.end(task.id)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "succeeded", 1)
            end = bench.task(task).newest.end
            assert (end.cause, end.exit_status, end.rank) == (Cause.SUCCEEDED, 0, None)
            job = bench.task(task).jobs[0]
            assert (job.node, job.exit_code, job.end_at - job.begin_at) == ("cpu-0", 0, 10)
            assert bench.executor.forgotten == [task.id]

    run(work())


@pytest.mark.parametrize(
    ("how", "exit_status", "message"),
    [
        ({"code": 3}, 3, "rank 1 exited with code 3"),
        ({"signal": 11}, 139, "rank 1 was killed by signal 11"),
        ({"code": 127, "outcome": "exec_failed"}, 127, "rank 1 could not be started: "),
    ],
)
def test_a_failing_rank_stops_the_others(bench: Any, how: dict[str, Any], exit_status: int, message: str) -> None:
    """After the grace the others are stopped; the run failed, and names the rank that was first."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("gang", 2)
            for rank in (0, 1):
                bench.executor.begin(task.id, rank)
            bench.executor.end(task.id, 1, last_lines=("boom",), **how)
            bench.clock.advance(4.9)
            bench.engine.tick()
            assert bench.executor.asked == []
            assert bench.status(task)[2] == "failed_terminating"
            bench.clock.advance(0.2)
            bench.engine.tick()
            bench.engine.tick()
            assert [(asked.rank, asked.word) for asked in bench.executor.asked] == [(0, "gang")]
            bench.executor.end(task.id, 0, code=None, signal=15, asked="gang")
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", "failed", 129)
            assert [job.status.value for job in bench.task(task).jobs] == ["stopped", "failed"]
            end = bench.task(task).newest.end
            assert (end.cause, end.exit_status, end.rank, end.message) == (Cause.USER_CODE, exit_status, 1, message)
            assert end.last_lines == ("boom",)

    run(work())


def test_the_rank_that_failed_first_is_named(bench: Any) -> None:
    """By the time of its end, not by the order of the reports."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("race", 3)
            bench.clock.advance(1)
            bench.executor.end(task.id, 2, code=5)
            bench.clock.advance(-0.5)
            bench.executor.end(task.id, 1, code=4)
            bench.executor.end(task.id, 0, code=0)
            bench.engine.tick()
            assert bench.task(task).newest.end.rank == 1

    run(work())


@pytest.mark.parametrize(
    ("op", "worker_status", "stop_code", "exit_status", "cause"),
    [
        ("stop", "stopped", 1025, 143, Cause.STOPPED),
        ("fail", "failed", 8193, 1, Cause.MARKED_FAILED),
        ("succeed", "succeeded", 4097, 0, Cause.MARKED_SUCCEEDED),
    ],
)
def test_stop_a_running_task(
    bench: Any, op: str, worker_status: str, stop_code: int, exit_status: int, cause: Cause
) -> None:
    """Every rank is asked; the end says what was asked for."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("stopped", 2)
            bench.executor.begin(task.id, 0)
            assert await bench.stop(task, op) == "stopping"
            assert [(asked.rank, asked.word, asked.grace_s) for asked in bench.executor.asked] == [
                (0, op, 5.0),
                (1, op, 5.0),
            ]
            for rank in (0, 1):
                bench.executor.end(task.id, rank, signal=15, asked=op)
            bench.engine.tick()
            assert bench.status(task) == ("finished", "finished", worker_status, stop_code)
            end = bench.task(task).newest.end
            assert (end.cause, end.exit_status) == (cause, exit_status)
            assert await bench.stop(task, op) == "already_finished"

    run(work())


def test_a_task_that_ended_before_it_was_asked_has_succeeded(bench: Any) -> None:
    """What happened first counts."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("quick")
            await bench.stop(task)
            bench.executor.end(task.id)
            bench.engine.tick()
            assert bench.status(task)[2:] == ("succeeded", 1)

    run(work())


def test_cancel_a_queued_task(bench: Any) -> None:
    """Finished at once, worker status canceled, stop code 0; the name is free again."""

    async def work() -> None:
        async with bench.running():
            bench.submit("wide", 4)
            waiting = bench.submit("waits")
            assert bench.status(waiting) == ("waiting_init", "queued", "queued", 0)
            assert await bench.stop(waiting) == "canceled"
            assert bench.status(waiting) == ("finished", "finished", "canceled", 0)
            assert bench.task(waiting).newest.end.cause is Cause.CANCELED
            assert bench.submit("waits").chain_id != waiting.chain_id

    run(work())


@pytest.mark.parametrize(("outcome", "cause"), [("watchdog", Cause.WATCHDOG), ("timeout", Cause.TIMEOUT)])
def test_limits(bench: Any, outcome: str, cause: Cause) -> None:
    """Hung, or longer than asked for: failed, with the stop code of a time-out."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("limit")
            bench.executor.end(task.id, outcome=outcome, signal=9)
            bench.engine.tick()
            assert bench.status(task)[2:] == ("failed", 513)
            end = bench.task(task).newest.end
            assert (end.cause, end.exit_status) == (cause, 137)

    run(work())


def test_whole_life_state_goes_on_to_the_next_run(bench: Any) -> None:
    """What the task set is carried along when the platform starts it again."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("state", options={"whole_life_state": 5})
            bench.executor.begin(task.id)
            bench.executor.reports.wished(task.id, 0, "whole_life_state", {"state": 42})
            bench.executor.lose(task.id)
            bench.engine.tick()
            bench.engine.tick()
            again = bench.task(task)
            assert [one.whole_life_state for one in again.runs] == [42, 42]
            assert bench.executor.orders[again.id].whole_life_state == 42

    run(work())


def test_resume_queues_a_finished_chain_again(bench: Any) -> None:
    """A new run of the same chain; the old id still finds it."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("again")
            bench.executor.end(task.id, code=1)
            bench.engine.tick()
            resumed = bench.engine.resume(bench.task(task))
            assert (resumed.chain_id, len(resumed.runs), resumed.id > task.id) == (task.chain_id, 2, True)
            assert resumed.chain_status.value == "suspended"
            assert [job.node for job in resumed.jobs] == ["cpu-0"]
            bench.engine.tick()
            assert bench.status(task)[:3] == ("running", "scheduled", "created")

    run(work())
