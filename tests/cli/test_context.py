"""``init`` and ``context``: which server commands go to."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.transcripts import Transcript


@pytest.fixture
def elsewhere(cli: Cli, engine: EngineSandbox) -> Cli:
    """``hai-cli`` of somebody for whom that engine is a server at an address."""
    return cli


def conf(cli: Cli) -> Path:
    return Path(cli.env["HFAI_HOME"]) / "conf.yaml"


def test_init_and_change_of_server(elsewhere: Cli, engine: EngineSandbox) -> None:
    """Under a name, beside others, for one command, and back."""
    hai = elsewhere
    done = hai("init", engine.token, "--url", engine.url, "--context", "lab")
    assert done.status == 0 and done.out == ""
    assert f" on {engine.url} (an hfai engine " in done.err and "context lab" in done.err
    assert stat.S_IMODE(conf(hai).stat().st_mode) == 0o600
    assert hai("list").status == 0
    version = json.loads(hai("version", "--json").out)
    assert (version["context"], version["server"], version["server_kind"]) == ("lab", engine.url, "hfai")
    assert version["server_version"] == version["client"] and version["engine"] is None
    assert f"server: hfai {version['client']} at {engine.url}" in hai("version").out
    done = hai("context", "use", "local")
    assert done.out == "now using local: the engine on this machine\n"
    assert "engine: not running" in hai("version").out
    for one in (hai("--context", "lab", "list"), hai("--context=lab", "list"), hai("list", env={"HFAI_CONTEXT": "lab"})):
        assert one.status == 0 and one.err == "you have no tasks: `hai-cli python FILE -- -n 1` submits one\n"
    rows = json.loads(hai("context", "list", "--json").out)
    assert [(row["name"], row["is_current"]) for row in rows] == [("local", True), ("lab", False)]
    assert rows[1]["user"] and engine.token not in json.dumps(rows)
    done = hai("context", "use", "lab", env={"HFAI_CONTEXT": "local"})
    assert done.err == "HFAI_CONTEXT is set and goes before this: local\n"
    assert hai("context", "remove", "lab").out.startswith("removed lab\nnow using local")
    assert engine.token not in conf(hai).read_text()


def test_the_token_from_standard_input(elsewhere: Cli, engine: EngineSandbox) -> None:
    """So that no history has it; on a terminal it is asked for and not shown."""
    words = [HAI_CLI, "init", "-", "--url", engine.url]
    env = elsewhere.env
    done = subprocess.run(words, env=env, input=f"{engine.token}\n".encode(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    nothing = elsewhere("init", "-", "--url", engine.url)
    assert (nothing.status, nothing.err) == (2, "hai-cli: standard input holds no token\n")
    master, slave = pty.openpty()
    try:
        asked = subprocess.Popen(words, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        shown = b""
        while b"token: " not in shown:
            shown += os.read(master, 4096)
        os.write(master, f"{engine.token}\n".encode())
        while b"context default" not in shown:
            shown += os.read(master, 4096)
        assert asked.wait(60) == 0
        assert engine.token.encode() not in shown
    finally:
        os.close(master)


def test_what_goes_wrong(elsewhere: Cli, engine: EngineSandbox) -> None:
    """One line each, with its own exit code; nothing is written."""
    hai = elsewhere
    for words, status, said in (
        (("init", "wrong", "--url", engine.url), 4, "the token is not one of this engine"),
        (("init", "wrong", "--url", "127.0.0.1:9"), 5, "no answer from https://127.0.0.1:9 ("),
        (("init", "wrong", "--url", "http://127.0.0.1:9"), 5, "Connection refused"),
        (("init", engine.token, "--url", engine.url.partition("//")[2]), 5, "does not speak TLS: is its address http://"),
        (("init", "wrong", "--url", "ftp://x"), 2, "must begin with http:// or https://"),
        (("init", "wrong", "--url", engine.url, "--context", "local"), 2, "local is the engine of this machine"),
        (("init", "wrong", "--context", "lab"), 2, "no context lab yet: say its address with --url"),
        (("context", "use", "lab"), 3, "no context lab; there are: local"),
        (("context", "remove", "local"), 2, "it cannot be removed"),
        (("--context", "lab", "list"), 3, "no context lab; there are: local"),
        (("--context",), 2, "--context needs a name"),
        (("platform", "status", "--context", "lab"), 2, "before the command: `hai-cli --context NAME platform status`"),
    ):
        done = hai(*words)
        assert (done.status, done.out) == (status, ""), (words, done)
        assert said in done.err and len(done.err.splitlines()) == 1 and "Traceback" not in done.err, (words, done)
    assert not conf(hai).exists()
    hai("init", engine.token, "--url", engine.url)
    conf(hai).write_text(conf(hai).read_text() + "contexts: {lab\n")
    for line in (("list",), ("context", "list"), ("context", "use", "local"), ("init", "x", "--url", engine.url)):
        done = hai(*line)
        assert done.status == 2 and done.err.startswith(f"hai-cli: {conf(hai)}:"), done
        assert len(done.err.splitlines()) == 1


def test_a_server_that_does_not_answer(elsewhere: Cli) -> None:
    """``version`` tells what is here, says what is not, and fails as the other commands do."""
    env = {"MARSV2_SERVER": "http://127.0.0.1:9", "MARSV2_USER_TOKEN": "t"}
    done = elsewhere("version", "--json", env=env)
    assert done.status == 5 and json.loads(done.out)["server_kind"] is None
    assert done.err.startswith("hai-cli: no answer from http://127.0.0.1:9 (Connection refused)")


def test_context_transcript(transcript: Callable[[str], Transcript]) -> None:
    talk = transcript("context")
    url = json.loads(talk.hai("platform", "status", "--json").out)["url"]
    token = (Path(talk.hai.env["HFAI_ENGINE_DIR"]) / "token").read_text().strip()
    talk.hai("init", token, "--url", url, "--context", "lab")
    talk("hai-cli context")
    talk("hai-cli context list --columns current,name,kind")  # addresses and names have other lengths elsewhere
    talk("hai-cli context list --json")
    talk("hai-cli context list -q")
    talk("hai-cli context use local")
    talk("hai-cli context use lba")
    talk("hai-cli version")
    talk("hai-cli --context lab version")
    talk("hai-cli context remove lab")
    talk("hai-cli context remove lab")
    talk("hai-cli init wrong")
