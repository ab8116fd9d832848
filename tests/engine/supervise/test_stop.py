"""Stopping: TERM, grace, KILL; who asked is recorded."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

SAVES = "trap 'echo saved; exit 4' TERM; echo ready; while :; do sleep 0.01; done"
IGNORES = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def running(supervisors: Any, wait_until: Any) -> Any:
    """Start a shell script and wait until it has said that it is ready."""

    def start(script: str, **changes: Any) -> Any:
        run = supervisors.run("bash", "-c", script, **changes)
        run.supervisor = supervisors.start(run)
        wait_until(lambda: run.rank_dir.exists() and b"ready" in run.log)
        wait_until(lambda: run.started)
        return run

    return start


@pytest.mark.parametrize("word", ["stop", "fail", "succeed", "suspend", "gang"])
def test_a_task_may_end_in_its_own_way(running: Any, word: str) -> None:
    run = running(SAVES)
    assert run.ask("stop", word=word, grace_s=20) == {"ok": True}
    assert run.supervisor.wait(20) == 0
    end = run.end
    assert (end["outcome"], end["exit_code"], end["asked"]) == ("exited", 4, word)
    assert run.output.endswith(b"saved\n")  # after bash's own word on its sleep


def test_the_whole_group_is_told(running: Any) -> None:
    run = running(
        "(trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.01; done) & trap 'wait; exit 0' TERM; wait"
    )
    run.ask("stop", word="stop", grace_s=20)
    assert run.supervisor.wait(20) == 0
    assert run.output.endswith(b"child\n")


def test_after_the_grace_it_is_killed(running: Any) -> None:
    run = running(IGNORES)
    began = time.monotonic()
    run.ask("stop", word="stop", grace_s=0.3)
    assert run.supervisor.wait(20) == 0
    assert 0.3 <= time.monotonic() - began < 5
    assert (run.end["outcome"], run.end["signal"], run.end["asked"]) == ("signaled", signal.SIGKILL, "stop")


def test_a_second_stop_shortens_the_grace(running: Any) -> None:
    run = running(IGNORES)
    began = time.monotonic()
    run.ask("stop", word="suspend", grace_s=600)
    run.ask("stop", word="stop", grace_s=0.1)
    run.ask("stop", word="stop", grace_s=600)
    assert run.supervisor.wait(20) == 0
    assert time.monotonic() - began < 10
    assert run.end["asked"] == "stop"


def test_no_grace_is_a_kill(running: Any) -> None:
    run = running(SAVES)
    run.ask("stop", word="stop", grace_s=0)
    assert run.supervisor.wait(20) == 0
    assert run.end["signal"] == signal.SIGKILL
    assert run.output == b"ready\n"


def test_kill(running: Any) -> None:
    run = running(IGNORES)
    assert run.ask("kill") == {"ok": True}
    assert run.supervisor.wait(20) == 0
    assert (run.end["outcome"], run.end["signal"], run.end["asked"]) == ("signaled", signal.SIGKILL, None)


def test_the_stop_of_a_stopped_process(running: Any) -> None:
    """SIGSTOP holds its TERM back; it is let go on, and handles it."""
    run = running(SAVES)
    os.kill(run.started["pid"], signal.SIGSTOP)
    run.ask("stop", word="stop", grace_s=20)
    assert run.supervisor.wait(20) == 0
    assert run.end["exit_code"] == 4


def test_term_to_the_supervisor_stops_the_task(running: Any) -> None:
    """As at the shutdown of a machine or an scancel: the task still has its grace."""
    run = running(SAVES)
    run.supervisor.send_signal(signal.SIGTERM)
    assert run.supervisor.wait(20) == 0
    assert (run.end["exit_code"], run.end["asked"]) == (4, "stop")
    assert run.output.endswith(b"saved\n")  # after bash's own word on its sleep


def test_a_stop_after_the_end_only_hurries_leftovers(running: Any, wait_until: Any) -> None:
    """The task had ended by itself: nobody asked it to."""
    run = running("(trap '' TERM; echo ready; touch go; exec sleep 600) & while [ ! -e go ]; do :; done; exit 5")
    began = time.monotonic()
    wait_until(lambda: not Path(f"/proc/{run.started['pid']}").exists())
    run.ask("stop", word="stop", grace_s=0)
    assert run.supervisor.wait(20) == 0
    assert time.monotonic() - began < 1.5
    assert (run.end["exit_code"], run.end["asked"]) == (5, None)


def test_an_unwritten_page_of_output_survives_the_kill(running: Any) -> None:
    """What the task had written before it was killed is in the log."""
    run = running("echo ready; head -c 300000 /dev/zero | tr '\\0' x; kill -9 $$")
    assert run.supervisor.wait(20) == 0
    assert run.output == b"ready\n" + b"x" * 300000 + b"\n"
