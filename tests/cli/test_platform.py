"""``platform up|down|status|logs`` and ``version``: the engine of this machine."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import task, until_status


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Cli]:
    """A place for an engine that the command line starts and ends itself."""
    with EngineSandbox({"nodes": 2}, start=False) as sandbox:
        cli = Cli(sandbox.env, tmp_path)
        yield cli
        cli("platform", "down", "--stop-tasks")


def test_up_and_down(alone: Cli) -> None:
    """Each may be typed twice; a task goes on while the engine is down, and everything is known afterwards."""
    state = json.loads(alone("platform", "status", "--json").out)
    assert state["running"] is False
    done = alone("platform", "up", "--json")
    up = json.loads(done.out)
    assert done.err.startswith("hai-cli: started the engine (state in ")
    assert up["running"] and up["nodes"] == 2 and up["url"].startswith("http://127.0.0.1:")
    again = alone("platform", "up")
    assert again.err == "" and f"process {up['pid']}" in again.out and up["url"] in again.out
    version = json.loads(alone("version", "--json").out)
    assert version["engine"] == {"version": up["version"], "protocol": up["protocol"], "url": up["url"]}

    alone.write("work.sh", "exec sleep 300\n")
    assert alone("bash", "work.sh", "--", "--name", "survivor").status == 0
    until_status(alone, "survivor", "running")
    assert "tasks go on" in alone("platform", "down").out
    assert alone("platform", "down").out == "the engine is not running\n"
    assert alone("platform", "status").out.startswith("the engine is not running\nstate folder: ")
    assert "engine: not running" in alone("version").out
    back = alone("status", "survivor")
    assert "started the engine" in back.err and "running" in back.out
    assert task(alone, "survivor")["chain_status"] == "running"
    assert "its tasks with it" in alone("platform", "down", "--stop-tasks").out


def test_one_that_hangs(alone: Cli) -> None:
    """Is named while it is waited for, and ended; the task goes on."""
    pid = json.loads(alone("platform", "up", "--json").out)["pid"]
    alone.write("work.sh", "exec sleep 300\n")
    assert alone("bash", "work.sh", "--", "--name", "survivor").status == 0
    until_status(alone, "survivor", "running")
    os.kill(pid, signal.SIGSTOP)
    status, out, err = alone("platform", "status")
    waits, says = err.splitlines()
    assert (status, out) == (5, "")
    assert waits == f"hai-cli: the engine (process {pid}) does not answer; still waiting (if it hangs: hai-cli platform down)"
    assert says.startswith(f"hai-cli: the engine on this machine (process {pid}) does not answer")
    status, out, err = alone("platform", "down", lang="zh")
    assert status == 0 and str(pid) in err and "强制结束" in err
    assert alone("platform", "status").out.startswith("the engine is not running\n")
    assert "running" in alone("status", "survivor").out


def test_its_log(alone: Cli) -> None:
    """As a file; a note where there is none yet."""
    done = alone("platform", "logs")
    assert (done.status, done.out) == (0, "") and "has not written a log yet" in done.err
    alone("platform", "up")
    assert alone("platform", "logs").out == Path(alone.env["HFAI_ENGINE_DIR"], "engine.log").read_text()


def test_init_checks_the_token(alone: Cli) -> None:
    """The token of the engine is taken and written, another is refused and changes nothing."""
    alone("platform", "up")
    token = Path(alone.env["HFAI_ENGINE_DIR"], "token").read_text().strip()
    conf = Path(alone.env["HFAI_HOME"], "conf.yaml")
    assert alone("init", "not-the-token").status == 4
    assert not conf.exists()
    done = alone("init", token)
    assert done.status == 0 and "you are " in done.err
    assert conf.stat().st_mode & 0o777 == 0o600
    assert token not in done.out + done.err
    assert alone("list").status == 0


@pytest.mark.parametrize("command", [("list",), ("status", "x"), ("bash", "x.sh", "--")])
def test_a_platform_that_does_not_answer(cli: Cli, command: tuple[str, ...]) -> None:
    """Exit status 5, with the address."""
    cli.write("x.sh", "true\n")
    done = cli(*command, env={"MARSV2_SERVER": "http://127.0.0.1:9", "MARSV2_USER_TOKEN": "ACCESS-x"})
    assert done.status == 5
    assert "http://127.0.0.1:9" in done.err and "ACCESS-x" not in done.err


def test_a_corrupt_configuration(cli: Cli) -> None:
    """The file and the line; exit status 2."""
    Path(os.environ["HFAI_HOME"], "conf.yaml").write_text("token: [\n")
    done = cli("list")
    assert done.status == 2 and "conf.yaml" in done.err
