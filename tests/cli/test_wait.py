"""``wait``: for one task and several, until each state; its exit codes; Ctrl-C and a restart of the engine meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, Cli
from tests.cli.waiting import task, until, until_status


@pytest.fixture
def engine() -> Iterator[EngineSandbox]:
    """Three nodes, and tasks that do not listen are stopped soon."""
    with EngineSandbox({"nodes": 3, "stop_grace_s": 1, "suspend_grace_s": 1}) as sandbox:
        yield sandbox


def submitted(hai: Cli, name: str, script: str, *options: object) -> int:
    """A task that runs a script, by its id."""
    hai.write(f"{name}.sh", f"{script}\n")
    done = hai("bash", f"{name}.sh", "--", "--name", name, *options)
    assert done.status == 0, done.err
    return int(done.out)


def gated(hai: Cli, name: str, status: int = 0) -> int:
    """A task that ends with this status once the file ``<name>.go`` is there."""
    return submitted(hai, name, f"echo begun; while [ ! -e {name}.go ]; do sleep 0.05; done; exit {status}")


def ended(waiter: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = waiter.communicate(timeout=DEADLINE_S)
    return waiter.returncode, out.decode(), err.decode()


def test_its_own_exit_code(hai: Cli) -> None:
    """Zero, the script's code, 128+N for a signal; a finished task at once."""
    good, bad = submitted(hai, "good", "true"), submitted(hai, "bad", "exit 3")
    shot = submitted(hai, "shot", "kill -9 $$")
    done = hai("wait", "good")
    assert (done.status, done.out) == (0, f"task {good} (good) has finished with exit code 0\n")
    done = hai("wait", "bad")
    assert (done.status, done.out) == (3, f"task {bad} (bad) has finished with exit code 3\n")
    assert "bad failed: rank 0 ended first, with exit code 3" in done.err
    assert hai("wait", shot).status == 137
    assert hai("wait", "bad", lang="zh").out == f"任务 {bad}（bad）已结束，退出码 3\n"


def test_several_in_the_order_in_which_they_end(hai: Cli) -> None:
    """A line as soon as each has; the exit code is that of the first on the command line that failed."""
    first, second, third = gated(hai, "first", 5), gated(hai, "second"), gated(hai, "third", 7)
    waiter = hai.start("wait", "first", "second", third, "second")
    assert waiter.stdout is not None
    for name, number, status in (("second", second, 0), ("third", third, 7), ("first", first, 5)):
        hai.write(f"{name}.go", "")
        line = waiter.stdout.readline().decode()
        assert line == f"task {number} ({name}) has finished with exit code {status}\n"
    assert ended(waiter)[0] == 5


def test_names_as_they_come(hai: Cli) -> None:
    """``-o name``: each that is what was waited for, at once, for a loop that goes on with it."""
    gated(hai, "first"), gated(hai, "second")
    waiter = hai.start("wait", "first", "second", "-o", "name")
    assert waiter.stdout is not None
    for name in ("second", "first"):
        hai.write(f"{name}.go", "")
        assert waiter.stdout.readline().decode() == f"{name}\n"
    assert ended(waiter) == (0, "", "")
    done = hai("wait", "first", "--for", "suspended", "-o", "name")
    assert (done.status, done.out) == (6, "")


def test_running_and_suspended(hai: Cli) -> None:
    """Also a suspension that is over at once because nobody else wants the nodes."""
    number = gated(hai, "going")
    assert hai("wait", "going", "--for", "running").out == f"task {number} (going) is running\n"
    until(lambda: "begun" in hai("logs", "going").out)
    waiter = hai.start("wait", "going", "--for", "suspended")
    # Again and again: the first may come before the waiter has looked.
    until(lambda: hai("suspend", "going").status == 0 and waiter.poll() is not None)
    status, out, err = ended(waiter)
    assert (status, err) == (0, "") and out.endswith(" (going) was suspended\n")
    hai.write("going.go", "")
    assert hai("wait", "going").status == 0


def test_a_state_that_cannot_come_any_more(hai: Cli) -> None:
    """A line that says so; never success where a suspension was waited for."""
    submitted(hai, "bad", "exit 3")
    good = submitted(hai, "good", "true")
    assert hai("wait", "good", "bad").status == 3
    done = hai("wait", "good", "--for", "suspended")
    assert done.status == 6
    assert done.out == f"task {good} (good) will not be suspended any more: it has finished with exit code 0\n"
    assert hai("wait", "bad", "--for", "running").status == 3
    assert hai("wait", "good", "--for", "running").status == 0


def test_timed_out(hai: Cli) -> None:
    """Exit status 124, for one and for several; the reason of one that is in the queue."""
    gated(hai, "a")
    until_status(hai, "a", "running")
    done = hai("wait", "a", "--timeout", "0.2")
    assert (done.status, done.err) == (124, "hai-cli: task a is still running after 0.2 s: it goes on\n")
    submitted(hai, "wide", "true", "-n", "3")
    done = hai("wait", "a", "wide", "--timeout", "0")
    assert done.status == 124 and "wide waits: next in queue" in done.err
    assert "2 tasks are not finished after 0.0 s: a, wide; they go on" in done.err
    body = json.loads(hai("wait", "a", "--timeout", "0", "--json").out)
    assert body["for"] == "finished" and not body["tasks"][0]["reached"]
    hai.write("a.go", "")
    body = json.loads(hai("wait", "a", "wide", "--json").out)
    assert [(one["reached"], one["task"]["nb_name"]) for one in body["tasks"]] == [(True, "a"), (True, "wide")]


@pytest.mark.parametrize("names", [("one",), ("one", "two")])
def test_interrupted_the_tasks_go_on(hai: Cli, names: tuple[str, ...]) -> None:
    """Exit status 130; the words say that they go on and how to wait again."""
    ids = [gated(hai, name) for name in names]
    submitted(hai, "done", "true")
    waiter = hai.start("wait", "done", *names)
    assert waiter.stdout is not None and b"(done) has finished" in waiter.stdout.readline()
    waiter.send_signal(signal.SIGINT)
    status, _, err = ended(waiter)
    assert status == 130
    if len(names) == 1:
        assert f"interrupted: task {ids[0]} (one) goes on; `hai-cli wait one` waits for it again" in err
    else:
        assert "interrupted: 2 tasks go on: one, two" in err
    assert task(hai, "one")["chain_status"] == "running"


def test_a_restart_of_the_engine_is_outlasted(hai: Cli, engine: EngineSandbox) -> None:
    """Killed while it is asked; the wait starts the next one and goes on."""
    gated(hai, "a", 4), gated(hai, "b")
    submitted(hai, "done", "true")
    waiter = hai.start("wait", "done", "a", "b")
    assert waiter.stdout is not None and b"(done) has finished" in waiter.stdout.readline()
    engine.kill()
    until(lambda: json.loads(hai("platform", "status", "--json").out)["running"])
    for name in ("b", "a"):
        hai.write(f"{name}.go", "")
    status, out, err = ended(waiter)
    assert (status, out.count("has finished")) == (4, 2), err


def test_wrong_use(hai: Cli) -> None:
    """Each names what is wrong."""
    assert hai("wait", "nobody").status == 3
    for words, text in (
        (("wait",), "required"),
        (("wait", "x", "--for", "done"), "done is none of finished, running, suspended"),
        (("wait", "x", "--timeout", "soon"), "soon is no number of seconds"),
        (("wait", "x", "--timeout", "-1"), "-1 is no number of seconds"),
        (("wait", "x", "--timeout", "nan"), "nan is no number of seconds"),
    ):
        done = hai(*words)
        assert done.status == 2 and text in done.err, done.err
