"""The coroutines do what their twins do, and give their threads back."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest

from hfai.client import aio
from hfai.model.errors import TaskNotFound

CONFIG = {"version": 2, "name": "x", "spec": {"entrypoint": "a.py", "workspace": "/w"}}
STAMP = "[2026-11-23 12:59:42.070712] "


def told(kind, task, **more):
    return json.dumps({"t": kind, "task": task, **more}).encode() + b"\n"


def data(text):
    return json.dumps({"t": "data", "rank": 0, "cursor": f"7.0.{len(text)}", "n": len(text)}).encode() + b"\n" + text


def test_the_whole_way(engine, task, chunks) -> None:
    """Submit, look, follow, stop, wait."""
    found = {"success": 1, "result": {"task": task(chain_status="finished")}}
    log = f"{STAMP}a\n{STAMP}b\n".encode()
    engine.routes.update(
        {
            "operating/task/create": {"success": 1, "task": task()},
            "operating/task/stop": {"success": 1},
            "query/task": found,
            "query/task/list": {"success": 1, "result": {"total": 1, "tasks": [task()]}},
            "query/task/log/stream": chunks([told("task", task()), data(log), told("end", task(), reason="eof")]),
        }
    )

    async def main():
        experiment = await aio.create_experiment_v2(CONFIG, nodes=1)
        assert isinstance(experiment, aio.Experiment)
        assert experiment.id == 7
        assert [line.text async for line in aio.stream_logs(experiment)] == ["a", "b"]
        assert [line.text async for line in experiment.logs()] == ["a", "b"]
        assert (await aio.get_status(experiment)).is_finished
        assert (await aio.get_experiments(1, 10))[0] == 1
        assert (await aio.wait(experiment)).is_finished
        assert [one.id async for one in aio.wait_each([experiment, "x"])] == [7]
        await experiment.stop()
        assert (await experiment.refresh()).is_finished
        assert (await aio.resolve("7")).nb_name == "x"
        return await aio.create_experiment_v2(CONFIG, dry_run=True)

    assert asyncio.run(main())["name"] == "x"


def test_errors_come_through(engine) -> None:
    engine.routes["query/task"] = TaskNotFound(experiment="x").to_wire()
    with pytest.raises(TaskNotFound):
        asyncio.run(aio.get_experiment(name="x"))


def test_leaving_a_stream_that_goes_on(engine, task, chunks) -> None:
    """At once, and its thread ends."""
    stop = threading.Event()
    log = f"{STAMP}a\n".encode()
    engine.routes["query/task/log/stream"] = chunks([told("task", task()), data(log), lambda: stop.wait(20)])

    async def main():
        lines = aio.stream_logs("x", follow=True)
        async for line in lines:
            assert line.text == "a"
            break
        await lines.aclose()
        waiting = asyncio.ensure_future(anext_of(aio.stream_logs("x", 0, True)))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def anext_of(lines):
        async for _ in lines:
            pass

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5
    stop.set()
    deadline = time.monotonic() + 10
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threads() == []


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("hfai-log")]


def test_the_functions_inside_a_task_are_the_same() -> None:
    import hfai.client

    assert aio.receive_suspend_command is hfai.client.receive_suspend_command
