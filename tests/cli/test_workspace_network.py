"""A workspace and a platform far away: the bar, Ctrl-C, and a proxy on the way."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.screen import Screen, needs_tmux
from tests.forward_proxy import ForwardProxy

# Three times the first piece that the client sends of a large file.
LARGE = 3 << 20
# What a push and its interruption are called.
WORDS = {"en": ("pushing", "hai-cli: interrupted"), "zh": ("正在推送", "hai-cli: 已中断")}
DEADLINE_S = 60


@pytest.fixture
def proxy(engine: EngineSandbox) -> Iterator[ForwardProxy]:
    with ForwardProxy(engine.url) as proxy:
        yield proxy


@pytest.fixture
def far(cli: Cli, engine: EngineSandbox, proxy: ForwardProxy) -> Cli:
    """``hai-cli`` in a workspace whose platform is behind the proxy, with one file pushed."""
    name = f"far_{os.urandom(4).hex()}"
    user = engine.add_user(name)
    cli.env = {key: value for key, value in cli.env.items() if not key.lower().endswith("_proxy")}
    cli.env.update(MARSV2_SERVER=proxy.server, MARSV2_USER_TOKEN=user.token)
    cli.cwd = cli.cwd / "code"
    cli.cwd.mkdir()
    assert cli("workspace", "init", name, "-q", env={"http_proxy": proxy.url}).status == 0
    cli.write("small", "x\n")
    assert cli("workspace", "push", "--proxy", proxy.url).status == 0
    return cli


def test_there_and_back(far: Cli, proxy: ForwardProxy) -> None:
    """Push, diff, pull and download, though the environment would have no proxy; without the option nothing is reached."""
    through = ("--proxy", proxy.url)
    assert far("workspace", "push").status == 5
    for env in ({"no_proxy": "*"}, {"NO_PROXY": "engine.test"}, {"http_proxy": "http://127.0.0.1:1"}):
        far.write("small", f"{env}\n")
        before = len(proxy.requests)
        done = far("workspace", "push", *through, env=env)
        assert (done.status, done.err) == (0, "") and "1 changed" in done.out
        assert len(proxy.requests) > before
    assert "both sides are the same" in far("workspace", "diff", *through).out
    (far.cwd / "small").unlink()
    assert "only there: small" in far("workspace", "diff", *through).out
    assert far("workspace", "download", "small", *through, "--force").status == 0
    assert (far.cwd / "small").read_text() == f"{env}\n"
    assert "nothing to pull" in far("workspace", "pull", f"--proxy={proxy.url}").out


def test_a_wrong_proxy(far: Cli, proxy: ForwardProxy) -> None:
    """One line that names it: one that is none, one that is not there, one that is no proxy."""
    far.write("small", "changed\n")
    for command in ("push", "pull", "diff"):
        for wrong in ("", "junk", "http://", "socks5://127.0.0.1:1", "http://127.0.0.1:99999", "http://a b:1"):
            done = far("workspace", command, "--proxy", wrong)
            assert (done.status, done.err) == (2, f"hai-cli: {wrong!r} is no proxy: it must be http://HOST:PORT\n")
        done = far("workspace", command, "--proxy", "ada:secret@127.0.0.1:1")
        assert done.status == 5 and done.err.count("\n") == 1
        assert "(the proxy http://127.0.0.1:1 does not answer: Connection refused)" in done.err
    done = far("workspace", "push", "--proxy", proxy.url, env={"MARSV2_SERVER": "http://elsewhere.test"})
    assert done.status == 5 and "HTTP status 502" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize("what", ["first push", "push", "pull"])
def test_an_interruption_waits_for_no_answer(far: Cli, proxy: ForwardProxy, what: str) -> None:
    """While the other side takes its time; the next one does the rest."""
    through = ("--proxy", proxy.url)
    if what == "first push":
        (far.cwd / ".hfai" / "workspace.json").unlink()
        assert far("workspace", "init", f"fresh_{os.urandom(4).hex()}", "-q", env={"http_proxy": proxy.url}).status == 0
    (far.cwd / "large").write_bytes(os.urandom(LARGE))
    for number in range(9):
        (far.cwd / f"medium{number}").write_bytes(os.urandom(1 << 20))
    command = what.split()[-1]
    if command == "pull":
        assert far("workspace", "push", *through).status == 0
        name = json.loads((far.cwd / ".hfai" / "workspace.json").read_text())["name"]
        far.cwd = far.cwd.with_name("other")
        far.cwd.mkdir()
        assert far("workspace", "init", name, "-q", env={"http_proxy": proxy.url}).status == 0
    proxy.hold = ({"first push": "push/pack", "push": "push/part", "pull": "workspace/content"}[what], 0)
    before = len(proxy.requests)
    running = far.start("workspace", command, *through)
    deadline = time.monotonic() + DEADLINE_S
    while not any(proxy.hold[0] in path for path in proxy.requests[before:]):
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert (*running.communicate(timeout=DEADLINE_S), running.returncode) == (b"", b"hai-cli: interrupted\n", 130)
    proxy.hold = None
    assert far("workspace", command, *through).status == 0
    assert "both sides are the same" in far("workspace", "diff", *through).out


@needs_tmux
@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("columns", [80, 40, 20])
def test_the_bar(far: Cli, proxy: ForwardProxy, tmp_path: Path, language: str, columns: int) -> None:
    """One line at any width, also when that changes; Ctrl-C is a line and leaves the bar; the next push goes on from there."""
    (far.cwd / "large").write_bytes(os.urandom(LARGE))
    env = {key: value for key, value in far.env.items() if key not in ("COLUMNS", "LINES")}
    env.update(HAI_LANG=language, LANG="C.UTF-8", PS1="$ ", TERM="screen-256color", http_proxy=proxy.url)
    env["PATH"] = f"{HAI_CLI.parent}:{os.environ['PATH']}"
    proxy.hold = ("push/part", 0)
    with Screen(["bash", "--norc", "--noprofile", "-i"], env, tmp_path, columns=columns, lines=20) as screen:
        screen.wait_for("$")
        screen.type("cd code; clear; hai-cli workspace push; echo =$?=", "Enter")
        (line,) = screen.wait_for(" 0%" if columns < 80 else "0 B / 3.0 MiB").splitlines()
        assert line.startswith(WORDS[language][0]) and ("[  " in line) == (columns > 20)
        screen.resize(max(columns // 2, 16), 20)
        proxy.hold = ("push/part", 1)
        (line,) = screen.wait_for("33%").splitlines()
        assert line.startswith(WORDS[language][0])
        screen.type("", "C-c")
        assert WORDS[language][1] in screen.wait_for("=130=").replace("\n", "")
        screen.resize(columns, 20)
        proxy.hold = None
        before = len(proxy.requests)
        screen.type("clear; hai-cli workspace push; echo =$?=", "Enter")
        screen.wait_for("=0=")
        assert sum("push/part" in path for path in proxy.requests[before:]) == 2
