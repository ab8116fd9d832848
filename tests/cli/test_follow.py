"""``logs -f``: from the queue to the end, Ctrl-C, and a reader that goes away."""

from __future__ import annotations

import json
import signal
from typing import Iterator

import pytest

from tests.cli.conftest import DEADLINE_S, Cli
from tests.cli.waiting import task, until, until_status


@pytest.fixture(autouse=True)
def nothing_left(hai: Cli) -> Iterator[None]:
    """A test that fails must not hold the nodes of the next one."""
    yield
    left = json.loads(hai("list", "--json", "--status", "running", "--status", "waiting_init").out)["tasks"]
    if left:
        hai("stop", "-t", "id", *(one["id"] for one in left))


def test_a_queued_task_waits_and_says_why(hai: Cli) -> None:
    """The reason on stderr; then its log; then its exit code."""
    hai.write("long.sh", "exec sleep 300\n")
    hai.write("next.sh", "echo my turn; exit 9\n")
    assert hai("bash", "long.sh", "--", "-n", "4", "--name", "holder").status == 0
    assert hai("bash", "next.sh", "--", "--name", "waiter").status == 0
    status = hai("status", "waiter")
    assert "waiter waits: " in status.out
    assert task(hai, "waiter")["pending"]["text"] in status.out
    follower = hai.start("logs", "-f", "waiter")
    assert follower.stderr is not None
    line = follower.stderr.readline().decode()
    assert "waiter waits: " in line
    assert hai("stop", "holder").status == 0
    out, err = follower.communicate(timeout=DEADLINE_S)
    assert follower.returncode == 9
    assert b"my turn\n" in out
    assert b"waiter failed: rank 0 ended first, with exit code 9" in err
    # Its last lines are on the screen already.
    assert b"last lines" not in err


def test_interrupted_the_task_goes_on(hai: Cli) -> None:
    """Exit status 130, and the way to follow and to stop it."""
    hai.write("long.sh", "echo begun; exec sleep 300\n")
    run_id = hai("bash", "long.sh", "--", "--name", "going").out.strip()
    follower = hai.start("logs", "-f", "going")
    assert follower.stdout is not None
    until(lambda: b"begun" in follower.stdout.readline())
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=DEADLINE_S)
    assert follower.returncode == 130
    assert err.decode() == (
        f"hai-cli: interrupted: task {run_id} (going) goes on; `hai-cli logs -f going` follows it again, "
        "`hai-cli stop going` stops it\n"
    )
    assert task(hai, "going")["chain_status"] == "running"
    assert hai("stop", "going").status == 0


def test_a_reader_that_goes_away_is_no_error(hai: Cli) -> None:
    """``hai-cli logs ... | head -1`` says nothing on stderr."""
    hai.write("many.sh", "seq 200000\n")
    assert hai("bash", "many.sh", "--", "-f").status == 0
    reader = hai.start("logs", "many.sh")
    assert reader.stdout is not None and reader.stderr is not None
    reader.stdout.readline()
    reader.stdout.close()
    assert reader.wait(DEADLINE_S) == 141
    assert reader.stderr.read() == b""
    reader.stderr.close()


def test_the_signal_of_a_task_is_its_status(hai: Cli) -> None:
    """128 + number, as a shell has it; named in the text."""
    hai.write("dies.sh", "kill -9 $$\n")
    done = hai("bash", "dies.sh", "--", "-f")
    assert done.status == 137
    assert "by signal 9 (SIGKILL)" in done.err


def test_stopped_as_succeeded_is_a_success(hai: Cli) -> None:
    hai.write("long.sh", "exec sleep 300\n")
    hai("bash", "long.sh", "--", "--name", "enough")
    assert hai("stop", "enough", "--succeeded").status == 0
    until_status(hai, "enough", "finished")
    assert hai("logs", "-f", "enough").status == 0
    assert "stopped by its user, as succeeded" in hai("status", "enough").out
