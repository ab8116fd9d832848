"""Nodes under check: a task pinned to each, what its report does to the node, and nodes that are unfit before a task."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Optional

import pytest
from attrs import evolve

from hfai.engine.store.baselines import baseline_of
from hfai.engine.users import unix_name_of
from hfai.engine.validation.options import VARIABLE, Options, OwnCheck
from hfai.engine.validation.validations import Request
from hfai.model.errors import NodeNotFound, RankNotFound, RefusedError
from hfai.model.phrase import Phrase
from hfai.model.records import Cause
from hfai.node.check import Check, failed

GOOD = Check("memory", 5, 1, "bytes")


def speed(flops: float, method: str = "python 3") -> Check:
    return Check("compute", flops, None, "flop/s", output=method)


def validate(bench: Any, node: str, own: Optional[OwnCheck] = None, user: Any = None) -> Any:
    (task,) = bench.engine.validate([node], Request(user or bench.user, own=own))
    bench.engine.tick()
    return bench.task(task)


def report(bench: Any, task: Any, *checks: Check, code: int = 0) -> None:
    """The program has ended, and this is what it has left."""
    rank_dir = bench.engine.rank_dir(task.id, 0)
    rank_dir.mkdir(parents=True)
    body = {"format": 1, "node": "x", "checks": [check.to_wire() for check in checks]}
    (rank_dir / "checks.json").write_text(json.dumps(body))
    bench.executor.end(task.id, code=code)
    bench.engine.tick()


def cordons(bench: Any) -> dict[str, tuple[str, str]]:
    found = {view.node.name: view.node.cordon for view in bench.engine.nodes()}
    return {name: (str(cordon.reason), cordon.by) for name, cordon in found.items() if cordon}


def test_a_busy_node_is_checked_in_its_turn(bench: Any) -> None:
    """It waits for the task there and says so, then goes before those who wait longer; the order is what was asked for."""

    async def work() -> None:
        async with bench.running():
            running = bench.submit("running", 4)
            waiting = bench.submit("waiting", 4)
            task = validate(bench, "cpu-2")
            assert task.task_type == "validation" and task.nb_name.startswith("validate-cpu-2-")
            text = task.pending.text
            assert (
                text
                == f"waits for node cpu-2: running ({running.id}) of {bench.user.name} runs there, and is not interrupted for a check"
            )
            assert bench.executor.told == []
            assert [run.id for run in bench.engine._scheduler.queue(9)] == [task.id, waiting.id]
            for rank in range(4):
                bench.executor.end(running.id, rank)
            bench.engine.tick()
            task = bench.task(task)
            assert task.assigned_nodes == ("cpu-2",)
            assert bench.task(waiting).chain_status.value == "waiting_init"
            assert bench.task(waiting).pending.code in ("leaving", "saving")
            options = Options.from_text(bench.executor.orders[task.id].task.environments[VARIABLE])
            assert (options.node, options.is_beside, options.baseline) == ("cpu-2", False, {})
            assert bench.executor.told == [] and bench.executor.asked == []
            report(bench, task, GOOD)
            assert bench.status(waiting)[0] == "running"
            assert cordons(bench) == {}
            assert [check.name for check in bench.engine.validations.report(bench.task(task)).checks] == ["memory"]

    asyncio.run(work())


def test_a_node_that_fails_is_cordoned(bench: Any) -> None:
    """By the platform, with the reason; it can be checked although it is; what failed does not lift it again."""

    async def work() -> None:
        async with bench.running():
            task = validate(bench, "cpu-1")
            report(bench, task, GOOD, failed("log_space", Phrase("the disk is full")), code=1)
            assert cordons(bench) == {"cpu-1": ("validation: the disk is full", "platform")}
            assert bench.task(task).newest.end.cause is Cause.USER_CODE
            again = validate(bench, "cpu-1")
            assert again.assigned_nodes == ("cpu-1",)
            report(bench, again, GOOD)
            assert "cpu-1" in cordons(bench), "who has cordoned it may know more"
        async with bench.running():
            assert cordons(bench) == {"cpu-1": ("validation: the disk is full", "platform")}
            bench.engine.cordons.lift("cpu-1")
            assert cordons(bench) == {}

    asyncio.run(work())


def test_a_measure_that_is_too_bad(bench: Any) -> None:
    """The reason has it; who has cordoned the node before for a reason of theirs is not spoken over."""

    async def work() -> None:
        async with bench.running():
            slow = Check("compute", 2e9, 4e9, "flop/s", text=Phrase("20 % of what it was"))
            report(bench, validate(bench, "cpu-0"), slow, code=1)
            assert cordons(bench)["cpu-0"][0] == "validation: compute is 2 Gflop/s, it should be at least 4 Gflop/s"
            bench.engine.cordons.put("cpu-1", "being repaired", by="ada")
            late = Check("clock", 9.5, 5, "s", is_most=True)
            report(bench, validate(bench, "cpu-1"), late, code=1)
            assert cordons(bench)["cpu-1"] == ("being repaired", "ada")
            report(bench, validate(bench, "cpu-2"), late, code=1)
            assert cordons(bench)["cpu-2"][0] == "validation: clock is 9.5 s, it should be at most 5 s"

    asyncio.run(work())


def test_what_is_not_the_nodes_fault(bench: Any) -> None:
    """A workspace that is full, and what a plain user's own check says; an administrator's counts."""

    async def work() -> None:
        async with bench.running():
            own = OwnCheck("a.sh", "exit 1")
            report(bench, validate(bench, "cpu-0"), failed("workspace_write", Phrase("full")), code=1)
            bench.engine.accounts.add_user("ada", role="user", groups=(), unix_name=unix_name_of(os.getuid()))
            ada = bench.engine.accounts.named("ada")
            task = validate(bench, "cpu-0", own, ada)
            with pytest.raises(RefusedError, match=f"by task {task.id}"):
                bench.engine.validate(["cpu-1", "cpu-0"], Request(ada))
            options = Options.from_text(bench.executor.orders[task.id].task.environments[VARIABLE])
            assert options.limits.own_timeout_s == 60
            report(bench, task, failed("own", Phrase("no")), code=1)
            assert cordons(bench) == {}
            report(bench, validate(bench, "cpu-0", own), failed("own", Phrase("no")), code=1)
            assert cordons(bench) == {"cpu-0": ("validation: no", "platform")}

    asyncio.run(work())


def test_the_first_good_runs_are_the_measure(bench: Any) -> None:
    """Three, of each method for itself; none of a run in which something failed; lifting a cordon begins anew."""

    async def work() -> None:
        async with bench.running():
            for flops in (100.0, 300.0):
                report(bench, validate(bench, "cpu-0"), speed(flops))
            report(bench, validate(bench, "cpu-0"), speed(1.0), failed("workspace_write", Phrase("full")), code=1)
            report(bench, validate(bench, "cpu-0"), speed(7.0, "numpy 2"))
            assert baseline_of(bench.engine._db, "cpu-0") == {}
            report(bench, validate(bench, "cpu-0"), speed(200.0))
            report(bench, validate(bench, "cpu-0"), speed(9000.0))
            task = validate(bench, "cpu-0")
            options = Options.from_text(bench.executor.orders[task.id].task.environments[VARIABLE])
            assert options.baseline == {"python 3": 200.0}
            assert baseline_of(bench.engine._db, "cpu-1") == {}
            bench.engine.cordons.lift("cpu-0")
            assert baseline_of(bench.engine._db, "cpu-0") == {}

    asyncio.run(work())


def test_the_daemon_is_restarted_meanwhile(bench: Any) -> None:
    """One that waits still waits for its node; the report of one that runs counts."""

    async def work() -> None:
        async with bench.running():
            runs = validate(bench, "cpu-3")
            bench.submit("wide", 3)
            waits = validate(bench, "cpu-0")
            assert waits.pending.code == "node_busy"
        async with bench.running():
            assert bench.task(waits).pending.code == "node_busy"
            report(bench, runs, failed("memory", Phrase("none left")), code=1)
            assert cordons(bench) == {"cpu-3": ("validation: none left", "platform")}

    asyncio.run(work())


def test_no_report_says_why(bench: Any) -> None:
    """Stopped, or the program broke: nothing is known of the node, nothing happens to it."""

    async def work() -> None:
        async with bench.running():
            task = validate(bench, "cpu-0")
            with pytest.raises(RefusedError):
                bench.engine.validations.report(task)
            bench.executor.end(task.id, code=1)
            bench.engine.tick()
            found = bench.engine.validations.report(bench.task(task))
            assert (found.node, found.checks) == ("cpu-0", ())
            assert found.message == "the checks did not report: the task exited with code 1"
            assert cordons(bench) == {}

    asyncio.run(work())


def test_bad_names(bench: Any) -> None:
    async def work() -> None:
        async with bench.running():
            with pytest.raises(NodeNotFound, match="gpu-9"):
                bench.engine.validate(["cpu-0", "gpu-9"], Request(bench.user))
            assert not list(bench.engine._scheduler.runs), "nothing is queued"
            task = bench.submit("done")
            with pytest.raises(RankNotFound):
                bench.engine.validations.nodes_of(task, [1])
            waits = evolve(task, jobs=())
            with pytest.raises(RefusedError, match="has not run on any node yet"):
                bench.engine.validations.nodes_of(waits, [0])

    asyncio.run(work())


def test_an_unfit_node_before_a_task(bench: Any) -> None:
    """The look before the command failed: a failure of the platform, the node is cordoned, the chain goes on elsewhere at once."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("train", 2)
            node = task.jobs[1].node
            bench.executor.begin(task.id, 0)
            bench.executor.end(task.id, 1, code=None, outcome="unfit", message=Phrase("only 12 MiB of memory are free"))
            bench.engine.tick()
            assert [asked.rank for asked in bench.executor.asked] == [0], "without grace for the others"
            bench.executor.end(task.id, 0, signal=15, asked="gang")
            bench.engine.tick()
            bench.engine.tick()
            after = bench.task(task)
            assert cordons(bench) == {node: ("only 12 MiB of memory are free", "platform")}
            assert after.chain_status.value == "running" and node not in after.assigned_nodes
            end = after.runs[0].end
            assert (end.cause, end.rank) == (Cause.PLATFORM, 1)
            assert end.message == f"node {node} was not fit: only 12 MiB of memory are free"

    asyncio.run(work())


def test_all_nodes_unfit(bench: Any) -> None:
    """The chain waits, says for what, and starts when one is lifted; no restart is counted for ever."""
    bench.nodes = 6

    async def work() -> None:
        async with bench.running():
            task = bench.submit("train")
            for _ in range(6):
                assert bench.task(task).chain_status.value == "running"
                bench.executor.end(bench.task(task).id, code=None, outcome="unfit", message=Phrase("the disk is full"))
                bench.engine.tick()
                bench.engine.tick()
            waits = bench.task(task)
            assert waits.chain_status.value == "suspended"
            assert "; 6 cordoned: cpu-0 (the disk is full); cpu-1 (the disk is full); " in waits.pending.text
            bench.engine.cordons.lift("cpu-0")
            bench.engine.tick()
            assert bench.task(task).chain_status.value == "running"

    asyncio.run(work())
