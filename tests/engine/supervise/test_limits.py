"""Watchdog and time limit."""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import Any

from hfai.model import control


def test_a_silent_task_is_ended(supervisors: Any) -> None:
    run = supervisors.run("sh", "-c", "echo hello; exec sleep 600", watchdog_s=0.3)
    end = supervisors.finish(run)
    assert (end["outcome"], end["signal"], end["asked"]) == ("watchdog", 15, None)
    assert "0.3 s" in end["message"]
    assert end["last_lines"] == ["hello"]


def test_output_feeds_the_watchdog(supervisors: Any) -> None:
    """Also output without line ends."""
    run = supervisors.run("bash", "-c", "for i in {1..12}; do printf .; sleep 0.1; done", watchdog_s=0.8)
    assert supervisors.finish(run)["outcome"] == "exited"
    assert run.output == b"." * 12 + b"\n"


def test_a_hung_task_that_ignores_term_is_killed(supervisors: Any) -> None:
    run = supervisors.run("bash", "-c", "trap '' TERM; while :; do sleep 0.1; done", watchdog_s=0.3, stop_grace_s=0.2)
    end = supervisors.finish(run)
    assert (end["outcome"], end["signal"]) == ("watchdog", 9)


def test_no_watchdog(supervisors: Any) -> None:
    run = supervisors.run("sleep", "0.3", watchdog_s=0)
    assert supervisors.finish(run)["outcome"] == "exited"


def test_the_task_sets_its_watchdog(supervisors: Any, wait_until: Any) -> None:
    """By request, which counts at once."""
    run = supervisors.run("sleep", "600")
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    assert run.ask("set_watchdog_time", seconds=1) == {"ok": True}
    assert supervisor.wait(20) == 0
    assert (run.end["outcome"], run.end["message"]) == ("watchdog", "no output for 1 s")


def test_the_watchdog_on_the_control_page(supervisors: Any, wait_until: Any) -> None:
    """Written by the task itself; counts as soon as the supervisor looks, here at the next output."""
    run = supervisors.run("sh", "-c", "read line < fifo; echo $line; exec sleep 600")
    fifo = supervisors.directory / "workspace" / "fifo"
    os.mkfifo(fifo)
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    with (run.rank_dir / "control").open("r+b") as file, mmap.mmap(file.fileno(), control.SIZE_BYTES) as page:
        assert page[:8] == control.MAGIC
        struct.pack_into("<q", page, control.WATCHDOG_S, 1)
    fifo.write_text("go\n")
    assert supervisor.wait(20) == 0
    assert run.end["outcome"] == "watchdog"


def test_the_time_limit(supervisors: Any) -> None:
    run = supervisors.run("sh", "-c", "while :; do echo x; sleep 0.05; done", timeout_at=time.time() + 0.5)
    end = supervisors.finish(run)
    assert (end["outcome"], end["signal"]) == ("timeout", 15)
    assert end["ended_at"] >= run.spec["timeout_at"]


def test_a_time_limit_in_the_past(supervisors: Any) -> None:
    end = supervisors.finish(supervisors.run("sleep", "600", timeout_at=1.0))
    assert end["outcome"] == "timeout"


def test_an_exit_code_after_the_time_limit_does_not_hide_it(supervisors: Any) -> None:
    script = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
    end = supervisors.finish(supervisors.run("bash", "-c", script, timeout_at=time.time() + 0.5))
    assert (end["outcome"], end["exit_code"]) == ("timeout", 0)
