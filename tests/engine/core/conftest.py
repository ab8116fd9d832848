"""An engine on a clock and an executor that do what the test says, with a real store."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Optional

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import ListQuery, Selector, StopOp, User
from hfai.model.records import Task
from hfai.testing.clock import FakeClock
from hfai.testing.executor import FakeExecutor


class Bench:
    """One engine after another over the same state directory."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "state"
        self.workspace = directory / "workspace"
        self.workspace.mkdir()
        (self.workspace / "train.py").write_text("print('hello')\n")
        self.clock = FakeClock()
        self.nodes: Any = 4
        self.settings: dict[str, Any] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        """An engine for as long as the block runs; left by an error it is closed all the same."""
        config = EngineConfig.from_mapping(self.settings, state_dir=self.state_dir)
        self.executor = FakeExecutor(self.nodes, clock=self.clock, directory=self.state_dir / "runs")
        self.engine = Engine(config, clock=self.clock, executor=self.executor)
        await self.engine.start(url="http://127.0.0.1:1")
        try:
            yield self
        finally:
            await self.engine.close()

    @property
    def user(self) -> User:
        user = self.engine.admission.user_of((self.state_dir / "token").read_text().strip())
        assert user is not None
        return user

    def body(self, name: str, nodes: int = 1, **more: Any) -> dict[str, Any]:
        """A request; ``more`` are keys of the task itself, of ``spec`` or of ``options``."""
        return {
            "version": 2,
            "name": name,
            "priority": more.pop("priority", 30),
            "spec": {"workspace": str(self.workspace), "entrypoint": "train.py", **more.pop("spec", {})},
            "resource": {"node_count": nodes, **more.pop("resource", {})},
            "options": more.pop("options", {}),
            **more,
        }

    def submit(self, name: str, nodes: int = 1, **more: Any) -> Task:
        """Queue a task and let the engine schedule."""
        task = self.engine.submit(self.body(name, nodes, **more), user=self.user)
        self.engine.tick()
        return self.task(task.chain_id)

    def task(self, which: Any) -> Task:
        """The task now: by its name, its chain id or an older state of it."""
        if isinstance(which, Task):
            which = which.chain_id
        selector = Selector(chain_id=which) if len(str(which)) == 36 else Selector(nb_name=which)
        return self.engine.find(selector, user=self.user)

    def status(self, which: Any) -> tuple[str, str, str, int]:
        """Chain, queue and worker status and the stop code."""
        task = self.task(which)
        run = task.newest
        return task.chain_status.value, run.queue_status.value, run.worker_status, int(run.stop_code)

    async def stop(self, task: Task, op: str = "stop") -> str:
        return await self.engine.stop(task, StopOp(op))

    def names(self, **query: Any) -> list[str]:
        """The names on a page of the list."""
        return [task.nb_name for task in self.engine.list_tasks(ListQuery(**query), user=self.user)[0]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def until(is_so: Callable[[], Optional[object]], deadline_s: float = 20.0) -> None:
    """Wait for a condition."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while not is_so():
        assert loop.time() < end, "the condition did not come true in time"
        await asyncio.sleep(0.005)


@pytest.fixture(name="until")
def _until() -> Any:
    return until
