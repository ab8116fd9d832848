"""Waiting: who starts when, why the others wait, and who is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hfai.engine.queries import Selector
from hfai.model.errors import NameInUse, NotAuthorised, TaskNotFound
from hfai.model.records import Node


def test_gang_and_order(bench: Any) -> None:
    """A task takes all its nodes at once; a narrow one uses what a wide one ahead of it cannot use yet."""

    async def work() -> None:
        async with bench.running():
            first = bench.submit("first", 3)
            wide = bench.submit("wide", 2)
            narrow = bench.submit("narrow")
            last = bench.submit("last")
            assert [bench.status(task)[1] for task in (first, wide, narrow)] == ["scheduled", "queued", "scheduled"]
            text = bench.task(last).pending.to_wire()["text"]
            assert text.startswith(
                "2nd in queue: 1 ahead at HIGH; needs 1 node, none is free, 1 held by narrow (running, slice ends "
            )
            assert bench.engine.queue_counts() == [(30, "queued", 2), (30, "scheduled", 2)]
            working = {view.node.name: view.working and view.working.nb_name for view in bench.engine.nodes()}
            assert working == {"cpu-0": "first", "cpu-1": "first", "cpu-2": "first", "cpu-3": "narrow"}
            for rank in range(3):
                bench.executor.end(first.id, rank)
            bench.engine.tick()
            assert bench.task(wide).assigned_nodes == ("cpu-0", "cpu-1")
            assert bench.task(last).assigned_nodes == ("cpu-2",)
            assert bench.task(narrow).pending is None

    asyncio.run(work())


def test_auto_is_normal_where_no_quota_says_more(bench: Any) -> None:
    """Not the lowest, as its number would have it."""

    async def work() -> None:
        async with bench.running():
            running = bench.submit("running", 4)
            low = bench.submit("low", priority=0)
            auto = bench.submit("auto", priority=-1)
            assert (bench.task(auto).pending.position, bench.task(low).pending.position) == (1, 2)
            assert running.chain_status.value == "running"

    asyncio.run(work())


def test_groups(bench: Any) -> None:
    """Each has its own nodes and its own line."""
    bench.nodes = [Node("a", "default"), Node("b", "big"), Node("c", "big")]

    async def work() -> None:
        async with bench.running():
            assert bench.submit("here").assigned_nodes == ("a",)
            assert bench.submit("there", 2, resource={"group": "big"}).assigned_nodes == ("b", "c")
            assert bench.submit("zone", resource={"group": "big#Z"}).to_wire()["config_json"]["client_group"] == "big#Z"

    asyncio.run(work())


def test_watching(bench: Any, until: Any) -> None:
    """A change of status and of the reason for waiting wakes; nothing wakes without a change."""

    async def work() -> None:
        async with bench.running():
            first = bench.submit("first", 4)
            second = bench.submit("second", 4)
            third = bench.submit("third", 4)
            await asyncio.sleep(0)
            woken: list[str] = []

            async def follow(task: Any) -> None:
                with bench.engine.watch(task.chain_id) as change:
                    while True:
                        await change.changed()
                        woken.append(task.nb_name)

            followers = [asyncio.create_task(follow(task)) for task in (first, third)]
            await asyncio.sleep(0.05)
            bench.engine.tick()
            await asyncio.sleep(0.05)
            woken.clear()
            bench.executor.begin(first.id)
            await until(lambda: "first" in woken)
            assert set(woken) == {"first"}
            await bench.stop(second)
            await until(lambda: "third" in woken)
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    asyncio.run(work())


def test_names_are_unique_while_they_last(bench: Any) -> None:
    """A finished task gives its name back; a name in use is refused with the id that has it."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("name")
            with pytest.raises(NameInUse) as refused:
                bench.submit("name")
            assert refused.value.data == {"name": "name", "id": task.id, "chain_status": "running"}
            with pytest.raises(NameInUse):
                bench.engine.submit(bench.body("name"), user=bench.user, dry_run=True)
            with pytest.raises(NameInUse):
                bench.engine.resume(bench.task(task))
            bench.executor.end(task.id)
            bench.engine.tick()
            other = bench.submit("name")
            assert other.id > task.id
            with pytest.raises(NameInUse):
                bench.engine.resume(bench.task(task))
            assert bench.task("name").id == other.id

    asyncio.run(work())


def test_finding(bench: Any) -> None:
    """By any id of the chain, by chain id, by name; what does not belong together finds nothing."""

    async def work() -> None:
        async with bench.running():
            one, two = bench.submit("one"), bench.submit("two")

            def find(**selector: Any) -> int:
                return int(bench.engine.find(Selector(**selector), user=bench.user).id)

            assert find(id=one.id) == find(chain_id=one.chain_id) == find(nb_name="one") == one.id
            assert find(id=two.id, chain_id=two.chain_id, nb_name="two") == two.id
            wrong = [{}, {"id": 99}, {"nb_name": "three"}, {"chain_id": "x"}, {"id": one.id, "chain_id": two.chain_id}]
            for selector in wrong:
                with pytest.raises(TaskNotFound):
                    find(**selector)
            stranger = type(bench.user)(name="stranger", role="internal", groups=(), uid=1)
            with pytest.raises(NotAuthorised):
                bench.engine.find(Selector(id=one.id), user=stranger)
            with pytest.raises(TaskNotFound):
                bench.engine.find(Selector(nb_name="one"), user=stranger)

    asyncio.run(work())


def test_dry_run_stores_nothing(bench: Any) -> None:
    """All checks, no task."""

    async def work() -> None:
        async with bench.running():
            task = bench.engine.submit(bench.body("dry"), user=bench.user, dry_run=True)
            assert (task.id, task.to_wire()["nb_name"]) == (0, "dry")
            assert bench.names() == []

    asyncio.run(work())
