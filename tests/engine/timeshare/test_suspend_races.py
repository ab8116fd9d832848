"""Suspensions of real processes that meet something else: another suspension, a stop, an end, a kill -9 of the daemon or of a supervisor.

Whatever comes together, the chain ends in a legal state with a cause, and no node has two runs at once: a task of ours that finds another
on its node says so and fails (conftest).
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

VICTIMS = {"daemon": (), "rank 0": (0,), "rank 1": (1,), "daemon and ranks": (0, 1)}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Long enough to leave that somebody can be killed meanwhile."""
    return {"nodes": 2, "stop_grace_s": 0.5, "gang_grace_s": 0.3, "suspend_grace_s": 0.5, "restart_delay_s": 0.1}


def suspend(shared: Any, name: str) -> dict[str, Any]:
    return dict(shared.sandbox.post("operating/task/suspend", nb_name=name))


def stop(shared: Any, name: str) -> None:
    assert shared.sandbox.post("operating/task/stop", nb_name=name)["success"] == 1


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.002)


def reach(shared: Any, name: str, moment: str) -> int:
    """Submit a task of two nodes, have it suspended and wait for the moment; returns the run."""
    run_id = int(shared.submit(name, 3000, "stubborn", nodes=2)["id"])
    if moment == "starting":
        suspend(shared, name)
        for rank in (0, 1):
            wait_for(shared.rank_dir(run_id, rank) / "started.json")
        return run_id
    shared.begun(name)
    suspend(shared, name)
    if moment == "leaving":
        shared.until(name, lambda task: task["suspensions"][0]["saved_at"] or task["suspensions"][0]["forced_at"])
    return run_id


def kill_supervisor(shared: Any, run_id: int, rank: int) -> None:
    started = json.loads((shared.rank_dir(run_id, rank) / "started.json").read_text())
    os.kill(started["supervisor_pid"], signal.SIGKILL)


def assert_alone(shared: Any, task: dict[str, Any]) -> None:
    """No rank of any run has met another on its node."""
    for run_id in task["id_list"]:
        for rank in range(task["nodes"]):
            assert "somebody else" not in shared.log(run_id, rank)


@pytest.mark.parametrize("moment", ["starting", "told", "leaving"])
@pytest.mark.parametrize("victim", VICTIMS)
def test_killed(shared: Any, victim: str, moment: str) -> None:
    """The run has ended with a cause, one next run goes on, alone on its nodes."""
    run_id = reach(shared, "task", moment)
    for rank in VICTIMS[victim]:
        kill_supervisor(shared, run_id, rank)
    if "daemon" in victim:
        shared.sandbox.restart()
    task = shared.until("task", lambda task: len(task["id_list"]) == 2)
    assert task["worker_status_list"][0] == "stopped"
    assert task["stop_code_list"][0] == 17
    task = shared.begun("task")
    assert (task["chain_status"], len(task["id_list"]), len(task["suspensions"])) == ("running", 2, 1)
    stop(shared, "task")
    task = shared.finished("task")
    assert (task["end"]["cause"], len(task["id_list"])) == ("stopped", 2)
    assert_alone(shared, task)


@pytest.mark.parametrize("victim", ["nobody", "daemon", "daemon and ranks"])
@pytest.mark.parametrize("moment", ["starting", "told", "leaving"])
def test_stopped(shared: Any, victim: str, moment: str) -> None:
    """A stop ends the chain for good, whoever is killed right after it."""
    run_id = reach(shared, "task", moment)
    stop(shared, "task")
    for rank in VICTIMS.get(victim, ()):
        kill_supervisor(shared, run_id, rank)
    if "daemon" in victim:
        shared.sandbox.restart()
    task = shared.finished("task")
    assert (task["worker_status"], task["stop_code"], len(task["id_list"])) == ("stopped", 1025, 1)
    assert task["end"]["cause"] == "stopped"


def test_finished_while_the_daemon_was_away(shared: Any) -> None:
    """It heard of the suspension, did not yield and ended with 0 while nobody listened: finished, not suspended."""
    run_id = shared.submit("nearly", 60, "unheard", suspend_grace=30)["id"]
    shared.begun("nearly")
    suspend(shared, "nearly")
    shared.until("nearly", lambda task: task["suspensions"][0]["acknowledged_at"])
    shared.sandbox.kill()
    wait_for(shared.rank_dir(run_id) / "end.json")
    shared.sandbox.start()
    task = shared.finished("nearly")
    assert (task["worker_status"], task["end"]["cause"], len(task["id_list"])) == ("succeeded", "succeeded", 1)


@pytest.mark.parametrize("moment", ["starting", "told", "leaving"])
def test_suspended_twice(shared: Any, moment: str) -> None:
    """One suspension, one next run; who asks again is told that it is on its way."""
    reach(shared, "task", moment)
    assert suspend(shared, "task")["success"] == 1
    task = shared.until("task", lambda task: len(task["id_list"]) == 2)
    assert len(task["suspensions"]) == 1
    task = shared.begun("task")
    assert task["chain_status"] == "running"
    stop(shared, "task")
    task = shared.finished("task")
    assert len(task["id_list"]) == 2
    assert_alone(shared, task)


@pytest.mark.parametrize("moment", ["starting", "told", "leaving"])
def test_suspended_by_its_user_and_wanted_by_the_scheduler(shared: Any, moment: str) -> None:
    """Urgent work that comes meanwhile takes the nodes when they are free; the task is suspended once and goes on after it."""
    reach(shared, "low", moment)
    urgent = shared.submit("urgent", 5, nodes=2, priority=50)
    urgent = shared.finished("urgent")
    assert urgent["end"]["cause"] == "succeeded"
    low = shared.begun("low")
    assert (len(low["id_list"]), [told["by"] for told in low["suspensions"]]) == (2, ["user"])
    assert low["begin_at_list"][1] >= urgent["end_at"]
    stop(shared, "low")
    assert_alone(shared, shared.finished("low"))
    assert_alone(shared, urgent)


def test_two_tasks_are_to_yield_at_once(shared: Any) -> None:
    """Both make room for a wide one, each is suspended once, and both go on after it."""
    for name in ("left", "right"):
        shared.submit(name, 3000, "slow")
        shared.begun(name)
    wide = shared.submit("wide", 5, nodes=2, priority=50)
    assert shared.finished("wide")["end"]["cause"] == "succeeded"
    for name in ("left", "right"):
        task = shared.begun(name)
        (told,) = task["suspensions"]
        assert (told["by"], told["for_id"], len(task["id_list"])) == ("scheduler", wide["id"], 2)
        stop(shared, name)
        assert_alone(shared, shared.finished(name))
