"""Nothing of a task outlives it, however it daemonised."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any, Callable

DAEMONISE = """
import os, signal, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
if {ignore}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
null = os.open("/dev/null", os.O_RDWR)
for fd in (0, 1, 2):
    if not {hold}:
        os.dup2(null, fd)
code = "import signal, time; open('pid', 'w').write(str(__import__('os').getpid())); time.sleep(600)"
os.execve(sys.executable, ["daemon", "-S", "-c", code], {{}})
"""

WAIT_FOR_PID = "while [ ! -s pid ]; do :; done"


def daemonising(supervisors: Any, *, ignore: bool = False, hold: bool = False) -> Any:
    """A run whose main process ends with code 7 once its daemon runs (two forks, own session, empty environment)."""
    code = DAEMONISE.format(ignore=ignore, hold=hold)
    return supervisors.run("sh", "-c", f'"$0" -c "$1"; {WAIT_FOR_PID}; exit 7', sys.executable, code)


def pid_in_workspace(run: Any) -> int:
    return int((Path(run.spec["workspace"]) / "pid").read_text())


def test_a_daemon_ends_with_its_task(supervisors: Any, is_alive: Any) -> None:
    run = daemonising(supervisors)
    end = supervisors.finish(run)
    assert (end["outcome"], end["exit_code"]) == ("exited", 7)
    assert not is_alive(pid_in_workspace(run))


def test_a_daemon_that_ignores_term_is_killed(supervisors: Any, is_alive: Any) -> None:
    """It has its two seconds; the rank has not ended before."""
    run = daemonising(supervisors, ignore=True)
    began = time.monotonic()
    assert supervisors.finish(run)["exit_code"] == 7
    assert 2.0 <= time.monotonic() - began < 10
    assert not is_alive(pid_in_workspace(run))


def test_a_daemon_that_holds_the_output_open(supervisors: Any, is_alive: Any) -> None:
    run = daemonising(supervisors, hold=True, ignore=True)
    assert supervisors.finish(run)["exit_code"] == 7
    assert not is_alive(pid_in_workspace(run))


def test_a_stopped_leftover(supervisors: Any, is_alive: Any) -> None:
    """A process that was stopped with SIGSTOP can be ended too."""
    run = supervisors.run("sh", "-c", "sleep 600 & kill -STOP $!; echo $! > pid; exit 0")
    assert supervisors.finish(run)["exit_code"] == 0
    assert not is_alive(pid_in_workspace(run))


def test_output_of_leftovers_counts(supervisors: Any) -> None:
    """What a child writes on its way out is in the log."""
    run = supervisors.run(
        "bash", "-c", "(trap 'echo saved; exit' TERM; touch ready; while :; do sleep 0.01; done) & "
        "while [ ! -e ready ]; do :; done; exit 0"
    )  # fmt: skip
    supervisors.finish(run)
    assert run.output.endswith(b"saved\n")


def test_a_fork_bomb(supervisors: Any) -> None:
    """Processes that fork faster than one can count them."""
    bomb = "import os\nfor _ in range(6): os.fork()\nwhile True:\n    if os.fork(): os._exit(0)"
    run = supervisors.run("sh", "-c", '"$0" -S -c "$1" & exec sleep 0.3', sys.executable, bomb)
    assert supervisors.finish(run)["exit_code"] == 0
    assert not supervisors.marked()


def test_a_process_that_keeps_running_away(supervisors: Any) -> None:
    """Each generation makes its own session, forks and ends: neither its pid nor its group stays the same."""
    runner = (
        "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True:\n    if os.fork(): os._exit(0)\n    os.setsid()\n    if os.fork(): os._exit(0)"
    )
    run = supervisors.run("sh", "-c", '"$0" -S -c "$1" & exec sleep 0.1', sys.executable, runner)
    assert supervisors.finish(run)["exit_code"] == 0
    assert not supervisors.marked()


def test_orphans_are_reaped_while_the_task_runs(
    supervisors: Any, wait_until: Any, children_of: Callable[[int], list[int]]
) -> None:
    """A task that leaves thousands of orphans behind does not fill the process table with zombies."""
    run = supervisors.run("bash", "-c", "for i in {1..50}; do (true &) ; done; touch done; exec sleep 600")
    supervisor = supervisors.start(run)
    wait_until(lambda: (Path(run.spec["workspace"]) / "done").exists())
    main = wait_until(lambda: run.started)["pid"]
    wait_until(lambda: len(children_of(supervisor.pid)) == 1)
    assert children_of(supervisor.pid) == [main]
    run.ask("kill")
    assert supervisor.wait(20) == 0
    assert run.end["signal"] == signal.SIGKILL
