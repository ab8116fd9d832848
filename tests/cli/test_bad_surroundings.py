"""What is wrong around a command rather than in it: each is one line on stderr with its exit code, and nothing on stdout."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli, Done


def one_line(done: Done, status: int, said: str) -> None:
    """That the command ended so."""
    assert (done.status, done.out) == (status, ""), done
    assert said in done.err and done.err.count("\n") == 1 and done.err.startswith("hai-cli: "), done


def test_a_corrupt_configuration(cli: Cli) -> None:
    """With the place in it; a submission is not sent elsewhere instead."""
    cli.write("ok.sh", "true\n")
    path = Path(os.environ["HFAI_HOME"], "conf.yaml")
    path.write_text("token: [\n")
    for words in (("list",), ("bash", "ok.sh", "--"), ("whoami",)):
        one_line(cli(*words), 2, f"{path}:2:1: ")


@pytest.mark.parametrize("token", ["", "token: wrong\n"])
def test_no_token_and_a_wrong_one(cli: Cli, engine: EngineSandbox, token: str) -> None:
    """By every command, with what to do."""
    cli.write("ok.sh", "true\n")
    Path(os.environ["HFAI_HOME"], "conf.yaml").write_text(f"url: {engine.url}\n{token}")
    for words in (("list",), ("status", "x"), ("stop", "x"), ("bash", "ok.sh", "--"), ("logs", "-f", "x")):
        one_line(cli(*words), 4, "see `hai-cli init`")
    one_line(cli("list", lang="zh"), 4, "请看 `hai-cli init`")


def test_a_port_that_is_taken(cli: Cli) -> None:
    """The engine's own reason for not starting, at the command that would have started it."""
    state = Path(os.environ["HFAI_HOME"], "engine")
    state.mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (state / "engine.yaml").write_text(f"port: {port}\n")
        one_line(cli("list"), 5, f"port {port} of 127.0.0.1 is taken: set another `port` in engine.yaml")


def test_a_state_folder_that_cannot_be(cli: Cli) -> None:
    """Where nobody may write, root included, and where a file is."""
    done = cli("list", env={"HFAI_ENGINE_DIR": "/sys/hfai"})
    one_line(done, 5, "the engine could not be started: /sys/hfai: ")
    one_line(done, 5, "; HFAI_HOME may name another directory for it")
    path = cli.write("file", "")
    one_line(cli("list", env={"HFAI_ENGINE_DIR": str(path)}), 5, f"{path}: File exists")


def test_an_engine_of_another_version(cli: Cli) -> None:
    """Both versions and how to get rid of it; which then works."""
    with EngineSandbox({"nodes": 1}) as other:
        hai = Cli({**cli.env, **other.env}, cli.cwd)
        path = Path(other.env["HFAI_ENGINE_DIR"], "endpoint.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "protocol": 99, "version": "9.9"}))
        one_line(hai("list"), 5, "hfai 9.9")
        assert "hai-cli platform down" in hai("list").err
        assert hai("platform", "down").status == 0


@pytest.mark.parametrize("name", ["nobody", "0", "99999", "9" * 30, "9" * 5000, " ", "-1", "a\nb"])
def test_a_task_that_is_not_there(hai: Cli, name: str) -> None:
    """Whatever is asked about it."""
    for command in ("status", "logs", "stop"):
        done = hai(command, "--", name)
        assert (done.status, done.out) == (3, ""), done
        assert done.err.startswith("hai-cli: no task ") and done.err.endswith("see your tasks with `hai-cli list`\n")
    if name == "nobody":
        for words in (("describe",), ("wait",), ("suspend",), ("resume",), ("priority", "HIGH"), ("ssh",), ("prof", "--time", "1")):
            one_line(hai(words[0], name, *words[1:]), 3, "no task nobody: see your tasks with `hai-cli list`")
