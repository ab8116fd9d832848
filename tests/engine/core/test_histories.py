"""Random histories with faults: no node is booked twice, no quota is exceeded, every chain ends or waits with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Optional

from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector, StopOp, User
from hfai.model.errors import HfaiError
from hfai.model.priorities import Priority
from hfai.model.records import Task
from hfai.testing.clock import FakeClock
from hfai.testing.executor import FakeExecutor

NODES = 4
SETTINGS = {
    "slice_s": 60,
    "min_slice_s": 10,
    "patience_s": 300,
    "demote_after_s": 100,
    "max_restarts": 2,
    "restart_delay_s": 1,
    "restart_reset_s": 50,
    "quotas": [{"user": "b", "nodes": 3}, {"user": "c", "priority": "HIGH", "nodes": 2}],
}
# What ABOVE_NORMAL becomes and what AUTO may become is not to be read off a task.
CERTAIN = {priority for priority in Priority if priority not in (Priority.ABOVE_NORMAL, Priority.NORMAL, Priority.AUTO)}
NUMBER = st.integers(0, 50)
STEP = st.one_of(
    st.tuples(
        st.just("submit"),
        *(
            st.sampled_from("abc"),
            st.integers(1, NODES),
            st.sampled_from([int(p) for p in Priority]),
            st.integers(0, 1),
        ),
    ),
    st.tuples(st.just("advance"), st.sampled_from([0.5, 4.0, 5.0, 11.0, 61.0, 120.0])),
    st.tuples(st.sampled_from(["begin", "acknowledge", "go_suspend", "lose", "obey", "obey", "stray_save"]), NUMBER),
    st.tuples(st.just("end"), NUMBER, st.sampled_from([0, 0, 1])),
    st.tuples(st.sampled_from(["suspend", "resume"]), NUMBER),
    st.tuples(st.just("stop"), NUMBER, st.sampled_from(["stop", "fail", "succeed", "suspend"])),
    st.tuples(st.just("priority"), NUMBER, st.sampled_from([int(p) for p in Priority])),
    st.tuples(st.sampled_from(["cordon", "uncordon"]), st.integers(0, NODES - 1)),
    st.tuples(st.just("restart")),
)


class World:
    """An engine, its executor, and what the tasks on it have been told."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "state"
        self.workspace = directory / "workspace"
        self.workspace.mkdir()
        (self.workspace / "a.py").write_text("")
        self.clock = FakeClock()
        self.chains: list[tuple[str, User]] = []
        self.ended: set[tuple[int, int]] = set()
        self.stopped: dict[str, int] = {}
        self.cordoned: dict[str, set[int]] = {}

    async def start(self) -> None:
        config = EngineConfig.from_mapping(SETTINGS, state_dir=self.state_dir)
        self.executor = FakeExecutor(NODES, clock=self.clock)
        self.engine = Engine(config, clock=self.clock, executor=self.executor)
        await self.engine.start(url="http://127.0.0.1:1")
        for run_id, order in self.executor.orders.items():
            for rank in range(len(order.nodes)):
                if (run_id, rank) in self.ended:
                    self.executor.end(run_id, rank, asked=self.told(run_id, rank))
        self.settle()

    def told(self, run_id: int, rank: int) -> Optional[str]:
        """The last word that a rank was told to end by."""
        words = [asked.word for asked in self.executor.asked if (asked.run_id, asked.rank) == (run_id, rank)]
        return words[-1] if words else self.executor.adopted.get(run_id)

    def settle(self) -> None:
        for _ in range(3):
            self.engine.tick()

    def tasks(self) -> list[Task]:
        return [self.engine.find(Selector(chain_id=chain), user=user) for chain, user in self.chains]

    def ranks(self) -> list[tuple[int, int]]:
        """The ranks that live."""
        return [
            (run_id, rank)
            for run_id, order in sorted(self.executor.orders.items())
            for rank in range(len(order.nodes))
            if (run_id, rank) not in self.ended
        ]

    def end(self, at: tuple[int, int], how: Callable[..., None], **more: Any) -> None:
        self.ended.add(at)
        how(*at, **more)

    async def step(self, name: str, *values: Any) -> None:
        with contextlib.suppress(HfaiError):  # refused in words: nothing has changed
            await self.do(name, *values)
        self.settle()
        self.check()

    async def do(self, name: str, *values: Any) -> None:
        if name == "submit":
            self.submit(*values)
        elif name == "advance":
            self.clock.advance(values[0])
        elif name == "restart":
            await self.engine.close()
            await self.start()
        elif name == "cordon":
            self.engine.cordons.put(f"cpu-{values[0]}", "fan", by="admin")
            self.cordoned[f"cpu-{values[0]}"] = set(self.executor.orders)
        elif name == "uncordon":
            self.engine.cordons.lift(f"cpu-{values[0]}")
            self.cordoned.pop(f"cpu-{values[0]}", None)
        elif name in ("begin", "acknowledge", "go_suspend", "lose", "obey", "end", "stray_save"):
            self.happen(name, *values)
        elif self.chains:
            task = self.tasks()[values[0] % len(self.chains)]
            if name == "suspend":
                self.engine.suspend(task)
            elif name == "resume":
                self.engine.resume(task)
                self.stopped.pop(task.chain_id, None)
            elif name == "priority":
                self.engine.set_priority(task, values[1])
            else:
                await self.engine.stop(task, StopOp(values[1]))
                if values[1] != "suspend":
                    self.stopped[task.chain_id] = len(task.runs)

    def submit(self, user_name: str, nodes: int, priority: int, restart: int) -> None:
        user = User(name=user_name, role="internal", groups=(), uid=0)
        body = {
            "version": 2,
            "name": f"task{len(self.chains)}",
            "priority": priority,
            "spec": {"workspace": str(self.workspace), "entrypoint": "a.py"},
            "resource": {"node_count": nodes},
            "options": {"restart": restart},
        }
        task = self.engine.submit(body, user=user)
        self.chains.append((task.chain_id, user))

    def happen(self, name: str, number: int, code: int = 0) -> None:
        ranks = self.ranks()
        if not ranks:
            return
        at = ranks[number % len(ranks)]
        told = self.told(*at)
        if name == "begin":
            self.executor.begin(*at)
        elif name == "acknowledge" and at[0] in self.executor.told:
            self.executor.acknowledge(at[0])
        elif (name == "go_suspend" and at[0] in self.executor.told) or name == "stray_save":
            self.executor.go_suspend(*at)
        elif name == "lose":
            self.end(at, self.executor.lose)
        elif name == "obey" and told is not None:
            self.end(at, self.executor.end, signal=15, asked=told)
        elif name == "end":
            self.end(at, self.executor.end, code=code)

    def check(self) -> None:
        """What must hold at every moment."""
        holders: dict[str, int] = {}
        for run_id, order in self.executor.orders.items():
            for rank, node in enumerate(order.nodes):
                if (run_id, rank) not in self.ended:
                    assert holders.setdefault(node.name, run_id) == run_id, "a node is booked twice"
                    assert run_id in self.cordoned.get(node.name, {run_id}), "it was started on a cordoned node"
        used: Counter[tuple[str, int]] = Counter()
        for task in self.tasks():
            status = task.chain_status.value
            assert (task.pending is not None) == (status in ("waiting_init", "suspended"))
            if task.pending is not None:
                assert task.pending.to_wire()["text"]
                assert task.pending.position >= 1
            if status == "finished":
                assert task.newest.end is not None
            assert self.stopped.get(task.chain_id, len(task.runs)) == len(task.runs), (
                "it goes on although it was stopped"
            )
            for run in task.runs[:-1]:
                assert run.end is not None, "one run of a chain at a time"
            if status == "running" and task.priority in CERTAIN:
                used[task.user_name, task.priority] += task.nodes
        for (user, priority), nodes in used.items():
            limit = self.engine.config.quotas.limit(user, "default", priority)
            assert limit is None or nodes <= limit, (user, priority, nodes)

    async def run_down(self) -> None:
        """Nothing more is asked; everything that is told obeys, everything that runs ends: so must every chain."""
        for node in list(self.cordoned):
            await self.do("uncordon", int(node.rpartition("-")[2]))
        for _ in range(400):
            open_tasks = [task for task in self.tasks() if task.chain_status.value != "finished"]
            if not open_tasks:
                return
            for at in self.ranks():
                told = self.told(*at)
                if told is not None:
                    self.end(at, self.executor.end, signal=15, asked=told)
                elif at[0] not in self.executor.told:
                    self.end(at, self.executor.end)
            self.clock.advance(5)
            self.settle()
            self.check()
        raise AssertionError([(task.nb_name, task.pending, task.newest) for task in open_tasks])


@settings(max_examples=500)
@given(st.lists(STEP, max_size=40))
def test_histories(steps: list[Any]) -> None:
    """Submissions, ends, losses, suspensions, stops, changes of priority, cordons and restarts of the daemon in any order."""

    async def work(directory: Path) -> None:
        world = World(directory)
        await world.start()
        try:
            for step in steps:
                await world.step(*step)
            await world.run_down()
        finally:
            await world.engine.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(work(Path(directory)))
