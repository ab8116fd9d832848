"""What an unchanged push sees before anything else is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

import pytest

import hfai.client
from hfai.client._workspace.still import look_here
from hfai.testing import EngineSandbox


def untouched_here() -> Optional[tuple[str, int]]:
    """The name of the workspace around the current directory and its number of files, if nothing is to be pushed."""
    seen = look_here()
    if seen is None:
        return None
    _, look, _ = seen
    look.memory.close()
    return None if look.files is None else (look.memory.name, look.files)


@pytest.fixture
def pushed(here: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace after a push whose files have been at rest for long enough to be vouched for by their stats."""
    (here / "sub").mkdir()
    (here / "a.py").write_text("a")
    (here / "sub" / "b.py").write_text("b")
    (here / "link").symlink_to("a.py")
    monkeypatch.chdir(here)
    hfai.client.push_workspace()
    deadline = time.monotonic() + 10
    while untouched_here() is None:  # the first one meets files that were written just now
        assert time.monotonic() < deadline
        time.sleep(0.02)
        hfai.client.push_workspace()
    return here


def test_nothing_was_touched(pushed: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from any directory of the workspace."""
    assert untouched_here() == (name, 2)
    monkeypatch.chdir(pushed / "sub")
    assert untouched_here() == (name, 2)


@pytest.mark.parametrize("what", ["write", "new", "mode", "gone", "link", "directory", "touch"])
def test_whatever_was_touched_is_seen(pushed: Path, what: str) -> None:
    {
        "write": lambda: (pushed / "a.py").write_text("A"),
        "new": lambda: (pushed / "sub" / "c").write_text(""),
        "mode": lambda: (pushed / "a.py").chmod(0o700),
        "gone": lambda: (pushed / "sub" / "b.py").unlink(),
        "link": lambda: ((pushed / "link").unlink(), (pushed / "link").symlink_to("sub")),
        "directory": lambda: (pushed / "empty").mkdir(),
        "touch": lambda: os.utime(pushed / "a.py"),
    }[what]()
    assert untouched_here() is None
    hfai.client.push_workspace()
    assert {one.name for one in pushed.iterdir()} >= {"a.py", "link"}


def test_what_is_left_out_may_change(pushed: Path, name: str) -> None:
    (pushed / "__pycache__").mkdir()
    (pushed / "x.pyc").write_text("")
    assert untouched_here() == (name, 2)
    (pushed / ".hfignore").write_text("sub\n")
    assert untouched_here() is None


@pytest.mark.parametrize("variable", ["HFAI_CONTEXT", "MARSV2_SERVER", "HFAI_CLIENT_CONFIG"])
def test_another_platform_is_left_to_the_push(pushed: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (pushed / "__pycache__").mkdir()
    (pushed / "__pycache__" / "conf.yaml").write_text("url: http://127.0.0.1:1\n")
    with monkeypatch.context() as here:
        here.setenv(variable, str(pushed / "__pycache__" / "conf.yaml"))
        assert untouched_here() is None


def test_a_workspace_that_was_made_anew_is_pushed_again(pushed: Path, name: str) -> None:
    hfai.client.remove_workspace(name)
    assert untouched_here() is None
    other = pushed.parent / "another"
    other.mkdir()
    hfai.client.init_workspace(name, other)
    assert untouched_here() is None
    assert hfai.client.push_workspace().changed == ("a.py", "link", "sub", "sub/b.py")


@pytest.mark.parametrize("damage", [b"", b"{", b"{}\nx", b"\xff\n", None])
def test_a_damaged_memory_is_no_memory(pushed: Path, name: str, damage: Optional[bytes]) -> None:
    """Everything is read and compared again then; nothing has to be sent for that."""
    memory = pushed / ".hfai" / "tree"
    memory.write_bytes(memory.read_bytes()[:-1] if damage is None else damage)
    assert untouched_here() is None
    assert hfai.client.push_workspace().sent_bytes == 0
    assert untouched_here() == (name, 2)


def test_it_loads_little(pushed: Path, name: str, sandbox: EngineSandbox) -> None:
    """Beside what the interpreter has at its start: an editable installation brings a few modules of its own."""
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['hai-cli', 'workspace', 'push'];"
        "from hfai.cli.main import main; assert main() == 0;"
        "heavy = {'argparse', 'http.client', 'typing', 'pathlib', 'hashlib', 'subprocess'} & set(sys.modules) - before;"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**sandbox.env, "HAI_LANG": "en"}, cwd=pushed, capture_output=True, text=True
    )
    wanted = f"workspace {name}: nothing to push, none of its files (2) has changed\n"
    assert (done.stdout, done.stderr) == (wanted, "[]\n")
