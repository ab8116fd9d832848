"""``suspend``, ``resume`` and ``set_priority`` of the SDK against a real engine, and its coroutines."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

import hfai.client
from hfai.client import EXP_PRIORITY, Experiment, _session, aio, create_experiment_v2, get_status, wait
from hfai.model.errors import NameInUse, RefusedError, UsageError
from hfai.testing import EngineSandbox

SAVES = """
import time
from hfai.client import get_whole_life_state, go_suspend, receive_suspend_command, set_whole_life_state
state = get_whole_life_state()
print("begin", state, flush=True)
while True:
    time.sleep(0.02)
    if receive_suspend_command():
        set_whole_life_state(state + 1)
        go_suspend()
"""


@pytest.fixture
def submit(
    engine_sandbox: EngineSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Experiment]]:
    """Submits a task that saves when it is told to, and waits until it has begun."""
    monkeypatch.setenv("MARSV2_SERVER", engine_sandbox.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", engine_sandbox.token)
    (tmp_path / "saves.py").write_text(SAVES)

    def submitted(name: str) -> Experiment:
        spec = {"workspace": str(tmp_path), "entrypoint": "saves.py"}
        task = create_experiment_v2({"version": 2, "name": name, "priority": 10, "spec": spec})
        return begun(task, "begin")

    yield submitted
    _session.current().close()


def begun(task: Any, text: str) -> Any:
    deadline = time.monotonic() + 30
    while text not in task.refresh().log(0):
        assert time.monotonic() < deadline, task.to_dict()
        time.sleep(0.02)
    return task


def test_suspended_with_its_times_and_started_again(submit: Callable[[str], Experiment]) -> None:
    """Told, acknowledged, saved; never failed; the next run finds the state."""
    task = submit("saves")
    task.suspend()
    task.suspend()
    begun(task, "begin 1")
    assert len(task.id_list) == 2
    (suspension,) = get_status(task).suspensions
    assert (suspension.id, suspension.by, suspension.forced_at) == (task.id_list[0], "user", None)
    assert suspension.told_at <= suspension.acknowledged_at <= suspension.saved_at
    assert not suspension.is_open and suspension.grace_s == 5
    assert isinstance(suspension, hfai.client.Suspension)
    assert task.worker_status_list[0] == "stopped"


def test_resume(submit: Callable[[str], Experiment]) -> None:
    """A finished chain gets a new run; one that runs is refused."""
    task = submit("again")
    with pytest.raises(NameInUse):
        task.resume()
    task.stop()
    wait(task, timeout=30)
    first = task.refresh().id
    assert task.resume() is task
    assert task.id > first and not task.is_finished
    wait(task, "running", timeout=30)


def test_priority(submit: Callable[[str], Experiment]) -> None:
    """By name or number; a wrong one, or that of a finished task, is refused."""
    task = submit("urgent")
    task.set_priority(EXP_PRIORITY.HIGH)
    assert task.priority == 30
    task.set_priority(5)
    assert task.refresh().priority == 5
    with pytest.raises(UsageError, match="priority 17 is none of 50, 40"):
        task.set_priority(17)
    task.stop()
    wait(task, timeout=30)
    with pytest.raises(RefusedError, match="has finished"):
        task.set_priority(30)


def test_the_coroutines(submit: Callable[[str], Experiment]) -> None:
    """The same three."""
    submit("async")

    async def main() -> None:
        task = await aio.get_experiment(name="async")
        await task.set_priority(20)
        assert task.priority == 20
        await task.suspend()
        await asyncio.to_thread(begun, task._experiment, "begin 1")
        await task.stop()
        await task.wait(timeout=30)
        assert (await task.resume()) is task
        assert not task.is_finished

    asyncio.run(main())
