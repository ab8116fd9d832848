"""``ssh``: a command inside a running task; what goes in and out of it, and its end."""

from __future__ import annotations

import subprocess
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, HAI_CLI, Cli
from tests.cli.waiting import until, until_status


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


def begun(hai: Cli, name: str, *options: object) -> None:
    hai.write("hold.sh", "echo begun; exec sleep 300\n")
    assert hai("bash", "hold.sh", "--", "--name", name, *options).status == 0
    until(lambda: "begun" in hai("logs", name).out)


def test_commands(hai: Cli) -> None:
    """In the task's environment and workspace; exit code and streams are the command's own."""
    begun(hai, "held", "-n", "2")
    assert hai("ssh", "held", "-r", "1", "--", "echo $RANK; pwd").out == f"1\n{hai.cwd}\n"
    done = hai("ssh", "held", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert done == (7, "out\n", "err\n")
    assert hai("ssh", "held", "--", "kill -9 $$").status == 137
    missing = hai("ssh", "held", "--", "no-such-program", "x")
    assert missing.status == 127 and missing.err.startswith("hai-cli: cannot run no-such-program: not found in PATH=")
    assert hai("ssh", "held", "--", "no-such-program", "x", lang="zh").err.startswith("hai-cli: 无法运行 no-such-program")
    assert hai("ssh", "held", "-r", "2", "--", "true").status == 3
    assert hai("ssh", "nobody").status == 3
    assert hai("stop", "held").status == 0
    until_status(hai, "held", "finished")
    ended = hai("ssh", "held", "--", "true")
    assert ended.status == 6 and "does not run, it is finished" in ended.err
    assert "没有在运行" in hai("ssh", "held", lang="zh").err


def test_100_megabytes_through_it(hai: Cli) -> None:
    """Binary and whole, both ways."""
    begun(hai, "big")
    data = bytes(range(256)) * (100_000_000 // 256)
    done = subprocess.run(
        [HAI_CLI, "ssh", "big", "--", "cat"],
        env=hai.env,
        cwd=hai.cwd,
        input=data,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == data
    assert hai("stop", "big").status == 0


def test_it_ends_with_its_client_and_with_the_task(hai: Cli) -> None:
    """Killed: nothing of it is left. The task is stopped: it says so."""
    begun(hai, "ends")
    client = hai.start("ssh", "ends", "--", "echo $$ > pid; exec sleep 301")
    until(lambda: (hai.cwd / "pid").exists() and (hai.cwd / "pid").read_text())
    client.kill()
    client.communicate()
    until(lambda: hai("ssh", "ends", "--", "kill -0 $(cat pid) 2>/dev/null").status)
    client = hai.start("ssh", "ends", "--", "echo in; exec sleep 302")
    assert client.stdout is not None and client.stdout.readline() == b"in\n"
    assert hai("stop", "ends").status == 0
    _, err = client.communicate(timeout=DEADLINE_S)
    assert client.returncode == 129
    assert b"(ends) has ended, and this shell with it\n" in err
