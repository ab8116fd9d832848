"""Environments of haienv that users with an account of their own push: made by the account, found by their tasks, nobody else's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from hfai.engine.executors.environment import bare_environ
from hfai.haienv.registry import CONFIG_KEYS, Environment, insert, own_registry
from hfai.model.errors import HfaiError
from hfai.testing import EngineSandbox
from tests.cli.waiting import until
from tests.engine.deputy.conftest import BOBS, EVES, Someone

SHOW = "#!/bin/sh\npython -c 'import hand; print(hand.word, hand.__file__)'; touch $VIRTUAL_ENV/mark\n"


def python_of(someone: Someone) -> str:
    """A Python that the account can run, that of the engine is root's."""
    path = bare_environ(someone.account.uid)["PATH"]
    return someone.run(f"PATH={path} command -v python3").strip()


def created(someone: Someone) -> Path:
    """An environment `ext` here with a module in it, of a Python that is there too."""
    made = someone.hai("haienv", "create", "ext", "-y", "-q", "--engine", "venv", "--no_extend", "--py", python_of(someone))
    assert made.status == 0, made
    (row,) = json.loads(someone.hai("haienv", "list", "-o", "json").out)
    (packages,) = Path(row["path"]).glob("lib/python*/site-packages")
    (packages / "hand.py").write_text("word = 'pushed'\n")
    return Path(row["path"])


def test_there_and_back(bob: Someone, eve: Someone, sandbox: EngineSandbox) -> None:
    created(bob)
    assert json.loads(bob.hai("haienv", "list", "--remote", "-o", "json").out) == []
    pushed = bob.hai("haienv", "push", "ext")
    assert pushed.status == 0 and pushed.out.startswith("pushed environment ext: "), pushed
    (row,) = json.loads(bob.hai("haienv", "list", "--remote", "-o", "json").out)
    path = Path(row["path"])
    assert (sandbox.state_dir / "envs/bob/names").read_text() == "ext\n"
    assert path == bob.place / "envs/bob/ext_0" and row["venv_name"] == "ext" and row["owner"] == "bob"
    assert {one.lstat().st_uid for one in (path, *path.rglob("*"))} == {bob.account.uid}
    bob.push(run_sh=SHOW)
    shown = bob.hai("bash", "run.sh", "--", "--options", "py_venv=ext", "-f")
    assert shown.status == 0 and f"pushed {path}" in shown.out, shown
    assert (path / "mark").exists()

    assert "Permission denied" in eve.run(f"ls {path}")
    assert eve.hai("haienv", "list", "--remote", "-q").out == ""
    assert eve.hai("haienv", "pull", "ext").status == 3
    eve.push(run_sh=SHOW)
    refused = eve.hai("bash", "run.sh", "--", "--options", "py_venv=ext")
    assert refused.status == 6 and "no environment ext: " in refused.err
    removed = eve.hai("haienv", "remove", "ext", "--remote", "--yes")
    assert removed.status == 3 and "you have no environment ext on the platform" in removed.err

    assert bob.hai("haienv", "push", "ext").status == 6
    assert bob.hai("haienv", "push", "ext", "--force", "-q") == (0, "", "")
    assert [one.name for one in path.parent.iterdir() if one.is_dir()] == ["ext_1"]
    assert bob.hai("haienv", "remove", "ext", "-y", "-q").status == 0
    pulled = bob.hai("haienv", "pull", "ext")
    assert pulled.status == 0, pulled
    assert bob.hai("haienv", "run", "ext", "--", "python", "-c", "import hand; print(hand.word)").out == "pushed\n"
    assert bob.hai("workspace", "list", "-q").out == "w\n"


def test_another_of_that_name(bob: Someone, sandbox: EngineSandbox, place: Path) -> None:
    """A user who is removed leaves files and a row: the next one of that name, with another account, runs none of it."""
    created(bob)
    assert bob.hai("haienv", "push", "ext", "-q").status == 0
    bob.run(f"chmod -R a+rX {bob.place}")
    assert sandbox.post("operating/platform/user/remove", user_name="bob")["success"] == 1
    (bob.user.home / "work").rename(bob.user.home / "old")
    other = Someone(sandbox, place, "bob", EVES)
    assert other.hai("haienv", "list", "--remote", "-q").out == ""
    other.push(run_sh=SHOW)
    refused = other.hai("bash", "run.sh", "--", "--options", "py_venv=ext")
    assert refused.status == 6 and "no environment ext" in refused.err, refused
    assert other.hai("haienv", "pull", "ext", "--force").status == 3


def test_removed(bob: Someone, sandbox: EngineSandbox) -> None:
    """Not while a task uses it; not without a yes."""
    created(bob)
    assert bob.hai("haienv", "push", "ext", "-q").status == 0
    bob.push(run_sh="touch begun; exec sleep 300\n")
    assert bob.hai("bash", "run.sh", "--", "--name", "user", "--options", "py_venv=ext").status == 0
    tree = bob.place / "workspaces/u-bob/w/current/tree"
    until((tree / "begun").exists)
    refused = bob.hai("haienv", "remove", "ext", "--remote", "--yes")
    assert refused.status == 6 and "in use by running tasks (user)" in refused.err, refused
    assert bob.hai("stop", "user").status == 0 and bob.hai("wait", "user").status is not None
    asked = bob.hai("haienv", "remove", "ext", "--remote")
    assert asked.status == 2 and "say --yes" in asked.err
    near = bob.hai("haienv", "remove", "exd", "--remote", "--yes")
    assert near.status == 3 and "did you mean ext?" in near.err
    removed = bob.hai("haienv", "remove", "ext", "--remote", "--yes")
    assert (removed.status, removed.out) == (0, "removed environment ext from the platform\n"), removed
    assert bob.hai("haienv", "list", "--remote", "-q").out == "" and bob.hai("haienv", "list", "-q").out == "ext\n"
    assert [one for one in (bob.place / "envs/bob").iterdir() if one.is_dir()] == []


def test_made_again(bob: Someone) -> None:
    """By pip, under the account, which has no rights to the engine's Python."""
    path = created(bob)
    pushed = bob.hai("haienv", "push", "ext", "--rebuild")
    if "ensurepip" in pushed.err:
        pytest.skip("the system's Python has no ensurepip")
    assert (pushed.status, pushed.out) == (0, "pushed environment ext: 0 packages installed there\n"), pushed
    info = path / "lib" / next((path / "lib").iterdir()).name / "site-packages" / "gone-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: file:///no/such\nVersion: 9\n")
    failed = bob.hai("haienv", "push", "ext", "--rebuild", "--force")
    assert failed.status != 0 and len(failed.err.splitlines()) == 1, failed
    assert bob.hai("haienv", "list", "--remote", "-q").out == "ext\n"


def test_an_engine_that_is_killed_meanwhile(bob: Someone, sandbox: EngineSandbox) -> None:
    """What only the account knows of is replaced by the next push."""
    created(bob)
    envs = bob.place / "envs/bob"
    push = bob.hai.start("haienv", "push", "ext")
    until(lambda: list(envs.glob("ext_*/bin")))
    os.kill(sandbox.pid, signal.SIGKILL)
    push.communicate(timeout=60)
    until(lambda: not bob.deputies())
    sandbox.start()
    bob.hai.env["MARSV2_SERVER"] = sandbox.url
    done = until(lambda: (found := bob.hai("haienv", "push", "ext", "-q")).status != 6 and found)
    assert done == (0, "", "")
    assert len([one for one in envs.iterdir() if one.is_dir()]) == 1


def test_a_python_that_is_not_what_it_was(bob: Someone, place: Path) -> None:
    """The engine asks the environment's own Python about itself: under the account, whatever that is by then."""
    created(bob)
    assert bob.hai("haienv", "push", "ext", "-q").status == 0
    (seen,) = (bob.place / "envs/bob").glob("ext_*")
    script = f"#!/bin/sh\nid -un > {place}/who\nid -un > {bob.place}/who\nexit 1\n"
    (place / "who").touch(mode=0o600)
    (bob.place / "evil").write_text(script)
    (bob.place / "evil").chmod(0o755)
    bob.run(f"rm {seen}/bin/python; cp {bob.place}/evil {seen}/bin/python")
    bob.run(f"cd {seen.parent}; rm envs.db; mkfifo envs.db")
    done = bob.hai("haienv", "pull", "ext", "--force")
    assert len(done.err.splitlines()) <= 1, done
    assert (place / "who").read_text() == ""


def test_what_the_account_has_made_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a place that all share: its tasks find it, it is listed, and it is removed there only. Root writes into no registry of another."""
    monkeypatch.setenv("HFAI_ENVS_DIR", str(place / "shared"))
    path = place / "shared" / BOBS / "made_0"
    path.mkdir(parents=True)
    one = Environment("made", BOBS, str(path), False, "", "", "3.11.2", "venv", {key: [] for key in CONFIG_KEYS}, time.time())
    with own_registry(BOBS) as db:
        insert(db, one)
    with EngineSandbox(
        {"nodes": 1, "stop_grace_s": 1, "task_dir": str(place / "tasks")}, environ={"HFAI_ENVS_DIR": str(place / "shared")}
    ) as sandbox:
        bob = Someone(sandbox, place, BOBS, BOBS)
        for name in (path.parent, *path.parent.rglob("*")):
            os.chown(name, bob.account.uid, bob.account.gid)
        with contextlib.closing(sqlite3.connect(path.parent / "envs.db")) as db:
            db.execute("pragma journal_mode=wal")  # which SQLite would make files beside it for, as root
        there = sorted(os.listdir(path.parent))  # noqa: PTH208
        with pytest.raises(HfaiError, match="belongs to another account"), own_registry(BOBS):
            pass
        assert bob.hai("haienv", "list", "--remote", "-q").out == "made\n"
        assert sorted(os.listdir(path.parent)) == there  # noqa: PTH208
        bob.push(run_sh="echo $HF_ENV_NAME\n")
        assert "] made\n" in bob.hai("bash", "run.sh", "--", "--options", "py_venv=made", "-f").out
        refused = bob.hai("haienv", "remove", "made", "--remote", "--yes")
        assert refused.status == 6 and f"was made by {BOBS} on the engine's machine" in refused.err, refused
        bob.hai.env["HFAI_ENVS_DIR"] = str(bob.user.home / "envs")
        created(bob)
        assert bob.hai("haienv", "push", "ext", "-q").status == 0
        assert bob.hai("haienv", "list", "--remote", "-q").out == "ext\nmade\n"
        bob.run(f"cd {path.parent}; rm envs.db; mkfifo envs.db")
        assert bob.hai("haienv", "list", "--remote", "-q").out == "ext\n"
