"""Suspensions of real processes: through the control page, with saving, without, and with somebody killed at each moment."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest


def test_urgent_work_starts_at_once_and_the_other_goes_on_where_it_was(shared: Any) -> None:
    """Told through the control page, acknowledged, saved; queued again, started again with its state, finished."""
    low = shared.submit("low", 150, nodes=2, priority=10)
    shared.begun("low")
    shared.submit("high", 5, nodes=4, priority=40)
    high = shared.finished("high")
    assert high["end"]["cause"] == "succeeded"
    low = shared.finished("low")
    assert low["end"]["cause"] == "succeeded", low
    assert (low["worker_status_list"], low["suspend_code_list"][0], low["stop_code_list"][0]) == (
        *(["stopped", "succeeded"], 3),
        17,
    )
    (told,) = low["suspensions"]
    assert (told["by"], told["for_id"], told["forced_at"]) == ("scheduler", high["id"], None)
    assert told["told_at"] <= told["acknowledged_at"] <= told["saved_at"]
    first, second = low["id_list"]
    saved = int(shared.log(first).split("saved ")[1].split()[0])
    assert low["whole_life_state_list"] == [saved, saved]
    assert f"begin {saved}\n" in shared.log(second)
    said = shared.sandbox.post("query/task/sys_log", nb_name="low")["data"]
    assert "told to yield within 2 s: a higher priority asks: it makes room for high" in said
    assert "starts on cpu-0, cpu-1: first in line" in shared.sandbox.log
    assert "is to yield: a higher priority asks" in shared.sandbox.log


def test_who_ignores_it_is_stopped_when_the_grace_is_over(shared: Any) -> None:
    """Without an acknowledgement, and without anything saved."""
    shared.submit("deaf", 3000, "ignores", suspend_grace=0.3)
    shared.begun("deaf")
    answer = shared.sandbox.post("operating/task/suspend", nb_name="deaf")
    assert (answer["success"], answer["outcome"]) == (1, "suspending")
    assert "[suspend] 命令" in answer["msg"]
    task = shared.until("deaf", lambda task: len(task["id_list"]) == 2)
    (told,) = task["suspensions"]
    assert (told["by"], told["acknowledged_at"], told["saved_at"]) == ("user", None, None)
    assert told["forced_at"]
    assert task["suspend_code_list"] == [1, 0]
    shared.sandbox.post("operating/task/stop", nb_name="deaf")
    shared.finished("deaf")


def test_suspended_while_it_starts(shared: Any) -> None:
    """The wish reaches it as soon as it can be reached."""
    shared.submit("early", 3000)
    shared.sandbox.post("operating/task/suspend", nb_name="early")
    task = shared.until("early", lambda task: len(task["id_list"]) == 2)
    assert task["suspensions"][0]["told_at"]
    assert task["stop_code_list"][0] == 17
    shared.sandbox.post("operating/task/stop", nb_name="early")
    assert shared.finished("early")["end"]["cause"] in ("stopped", "canceled")


def test_a_finish_in_the_window_is_a_finish(shared: Any) -> None:
    """It heard and did not yield, and ends by itself with 0."""
    shared.submit("nearly", 60, "unheard", suspend_grace=30)
    shared.begun("nearly")
    shared.sandbox.post("operating/task/suspend", nb_name="nearly")
    task = shared.finished("nearly")
    assert (task["worker_status"], len(task["id_list"])) == ("succeeded", 1)
    assert task["suspend_code"] == 2


def test_a_crash_while_saving_is_a_failure(shared: Any) -> None:
    """Final, unless the task asks for more."""
    shared.submit("crash", 3000, "crashes")
    shared.begun("crash")
    shared.sandbox.post("operating/task/suspend", nb_name="crash")
    task = shared.finished("crash")
    assert (task["worker_status"], task["end"]["cause"], task["end"]["exit_code"]) == ("failed", "user_code", 9)


@pytest.mark.parametrize("manner", ["saves", "ignores", "slow"])
@pytest.mark.parametrize("moment", ["told", "window", "leaving"])
def test_the_daemon_is_killed(shared: Any, manner: str, moment: str) -> None:
    """At whichever moment, whatever the task does meanwhile: it is suspended once and goes on."""
    # Time enough to save even where the next daemon takes long to start.
    shared.submit("task", 3000, manner, nodes=2, suspend_grace=2 if manner == "ignores" else 60)
    first = shared.begun("task")["id"]
    shared.sandbox.post("operating/task/suspend", nb_name="task")
    if moment == "window" and manner != "ignores":
        shared.until("task", lambda task: task["suspensions"][0]["acknowledged_at"])
    elif moment == "leaving":
        shared.until("task", lambda task: task["suspensions"][0]["saved_at"] or task["suspensions"][0]["forced_at"])
    shared.sandbox.restart()
    task = shared.until("task", lambda task: len(task["id_list"]) == 2)
    assert task["worker_status_list"][0] == "stopped"
    assert task["stop_code_list"][0] == 17
    assert (task["suspensions"][0]["saved_at"] is None) == (manner == "ignores")
    assert shared.begun("task")["id"] > first
    shared.sandbox.post("operating/task/stop", nb_name="task")
    assert shared.finished("task")["end"]["cause"] == "stopped"


@pytest.mark.parametrize("rank", [0, 1])
def test_a_supervisor_is_killed_in_the_window(shared: Any, rank: int) -> None:
    """The run ends with a cause and the chain starts again, never twice on the nodes."""
    shared.submit("task", 3000, "ignores", nodes=2, suspend_grace=10)
    run_id = shared.begun("task")["id"]
    shared.sandbox.post("operating/task/suspend", nb_name="task")
    started = json.loads((shared.rank_dir(run_id, rank) / "started.json").read_text())
    os.kill(started["supervisor_pid"], signal.SIGKILL)
    task = shared.until("task", lambda task: len(task["id_list"]) == 2)
    assert task["stop_code_list"][0] == 17
    assert shared.begun("task")["chain_status"] == "running"
    shared.sandbox.post("operating/task/stop", nb_name="task")
    shared.finished("task")


def test_stopped_in_the_window(shared: Any) -> None:
    """The chain ends, and at once."""
    shared.submit("task", 3000, "ignores", suspend_grace=60)
    shared.begun("task")
    shared.sandbox.post("operating/task/suspend", nb_name="task")
    shared.sandbox.post("operating/task/stop", nb_name="task")
    task = shared.finished("task")
    assert (task["worker_status"], task["stop_code"], len(task["id_list"])) == ("stopped", 1025, 1)
