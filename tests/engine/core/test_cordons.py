"""Cordoned nodes: nothing new is put on them, what runs there stays, and who waits because of them says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hfai.model.errors import NodeNotFound


def test_nothing_new_on_a_cordoned_node(bench: Any) -> None:
    """What runs there goes on; a task that needs it names it with the reason; once it is lifted the task starts."""

    async def work() -> None:
        async with bench.running():
            running = bench.submit("running")
            (node,) = running.assigned_nodes
            bench.engine.cordons.put(node, "disk full", by="ada")
            wide = bench.submit("wide", 4)
            assert bench.status(running)[0] == "running"
            assert bench.executor.told == [] and bench.executor.asked == []
            pending = bench.task(wide).pending.to_wire()
            assert pending["code"] == "cordoned"
            assert pending["text"] == (
                f"needs 4 nodes, 3 of the 4 in group default can be used; 1 cordoned: {node} (disk full)"
            )
            bench.executor.end(running.id)
            bench.engine.tick()
            three = bench.submit("three", 3)
            assert node not in three.assigned_nodes and len(three.assigned_nodes) == 3
            for rank in range(3):
                bench.executor.end(three.id, rank)
            bench.engine.cordons.lift(node)
            bench.engine.tick()
            assert bench.status(wide)[0] == "running"

    asyncio.run(work())


def test_cordons_survive_a_restart(bench: Any) -> None:
    """With reason, author and time; the last reason counts; a lifted one does not come back."""

    async def work() -> None:
        async with bench.running():
            at = bench.clock.now()
            bench.engine.cordons.put("cpu-1", "fan", by="ada")
            bench.engine.cordons.put("cpu-1", "fan, again", by="grace")
            bench.engine.cordons.put("cpu-2", "", by="ada")
            bench.engine.cordons.lift("cpu-2")
            bench.engine.cordons.lift("cpu-0")
        async with bench.running():
            found = {view.node.name: view.node.cordon for view in bench.engine.nodes()}
            assert [name for name, cordon in found.items() if cordon] == ["cpu-1"]
            assert (found["cpu-1"].reason, found["cpu-1"].by, found["cpu-1"].since) == ("fan, again", "grace", at)
            assert bench.submit("wide", 4).pending.code == "cordoned"

    asyncio.run(work())


def test_a_node_that_is_not_there(bench: Any) -> None:
    async def work() -> None:
        async with bench.running():
            with pytest.raises(NodeNotFound, match="no node gpu-9"):
                bench.engine.cordons.put("gpu-9", "fan", by="ada")
            with pytest.raises(NodeNotFound):
                bench.engine.cordons.lift("gpu-9")

    asyncio.run(work())


def test_many_cordoned_nodes_are_not_all_named(bench: Any) -> None:
    """A reason stays a line."""
    bench.nodes = 9

    async def work() -> None:
        async with bench.running():
            for number in range(8):
                bench.engine.cordons.put(f"cpu-{number}", "fan", by="ada")
            text = bench.submit("wide", 9).pending.to_wire()["text"]
            assert text.endswith("1 of the 9 in group default can be used; 8 cordoned: cpu-0 (fan); cpu-1 (fan); cpu-2 (fan); ...")

    asyncio.run(work())
