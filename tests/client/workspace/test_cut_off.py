"""A push that is cut off: by kill -9 of either side, by a full disk, by another push, by a file that changes while it is read."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hfai.client import diff_workspace, init_workspace, pull_workspace, push_workspace
from hfai.client._endpoint import read_endpoint
from hfai.client._workspace import sending
from hfai.client.platform import engine_down, engine_status
from hfai.engine.workspaces import committing
from hfai.engine.workspaces.building import apply
from hfai.engine.workspaces.folder import Folder, Record
from hfai.engine.workspaces.index import read_index
from hfai.engine.workspaces.plan import Plan, read_plan
from hfai.engine.workspaces.staging import Staging
from hfai.model.errors import RefusedError, WorkspaceConflict
from hfai.model.workspace.pack import Content, packed
from hfai.testing import EngineSandbox

PUSH = "import sys, hfai.client; hfai.client.push_workspace(sys.argv[1])"


def content_of(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if path.is_file() and ".hfai" not in path.parts]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def filled(root: Path, mark: str = "") -> None:
    for number in range(300):
        path = root / f"d{number % 10}" / f"f{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{mark}{number}\n" * 50)
    (root / "large").write_bytes(os.urandom(5 << 20))


@pytest.mark.parametrize("delay_s", [0.15, 0.25, 0.35])
def test_kill_of_the_client(here: Path, sandbox: EngineSandbox, delay_s: float) -> None:
    """Whenever it is killed, what counts is the tree before or the whole new one, and the next push repairs."""
    filled(here, "old")
    first = push_workspace(here)
    before = content_of(Path(first.path))
    filled(here, "new")
    client = subprocess.Popen([sys.executable, "-c", PUSH, str(here)], env=sandbox.env)
    time.sleep(delay_s)  # any moment will do
    client.kill()
    client.wait()
    now = Path(sandbox.post("query/workspace", None, name=first.name)["result"]["path"])
    assert content_of(now) in (before, content_of(here))
    assert content_of(Path(push_workspace(here).path)) == content_of(here)


def test_kill_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of the other side; the client starts the next engine by itself."""
    here = tmp_path / "here"
    here.mkdir()
    with EngineSandbox({"nodes": 1}) as sandbox:
        monkeypatch.setenv("HFAI_HOME", str(sandbox.home))
        monkeypatch.setenv("HFAI_ENGINE_DIR", str(sandbox.state_dir))
        init_workspace("killed", here)
        filled(here, "old")
        push_workspace(here)
        for mark, delay_s in (("a", 0.03), ("b", 0.08), ("c", 0.13)):
            filled(here, mark)
            client = subprocess.Popen(
                [sys.executable, "-c", PUSH, str(here)], env=sandbox.env, stderr=subprocess.DEVNULL
            )
            time.sleep(0.1 + delay_s)  # any moment will do
            state = engine_status()
            if state is not None:
                os.kill(state.pid, signal.SIGKILL)
            assert client.wait(60) == 0
            assert content_of(Path(push_workspace(here).path)) == content_of(here)
        engine_down(stop_tasks=True)


@pytest.mark.parametrize("act", ["push", "pull"])
def test_the_engine_is_killed_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    """While contents travel: they arrive all the same."""
    here, there = tmp_path / "here", tmp_path / "there"
    with EngineSandbox({"nodes": 1}) as sandbox:
        monkeypatch.setenv("HFAI_HOME", str(sandbox.home))
        monkeypatch.setenv("HFAI_ENGINE_DIR", str(sandbox.state_dir))
        for root in (here, there):
            root.mkdir()
            init_workspace("killed", root)
        filled(here)
        for number in range(4):
            (here / f"larger{number}").write_bytes(os.urandom(9 << 20))
        if act == "pull":
            push_workspace(here)
        killed = []

        def kill(done: int, total: int) -> None:
            state = read_endpoint(sandbox.state_dir)
            if done > len(killed) * total / 3 and state is not None and state.pid not in killed:
                killed.append(state.pid)
                os.kill(state.pid, signal.SIGKILL)

        if act == "push":
            push_workspace(here, progress=kill)
            pull_workspace(there)
        else:
            pull_workspace(there, progress=kill)
        assert len(killed) > 1
        assert content_of(there) == content_of(here)
        assert not list((there / ".hfai").glob("incoming/*"))
        engine_down(stop_tasks=True)


@pytest.mark.parametrize("more", [0, 100])
@pytest.mark.parametrize("step", [0, 1, 2, 3, 4])
def test_a_commit_cut_off_after_each_step(tmp_path: Path, step: int, more: int) -> None:
    """On the engine's files alone: whatever was done already, `recover` ends in the old tree or in the new one.

    With many more files the index is not written whole.
    """
    folder = Folder(tmp_path / "workspaces", "u", "x")
    folder.path.parent.parent.mkdir()
    folder.make(Record("uid", "x", "u", 1.0))
    staging = Staging(folder)
    old = _contents(staging, b"old", more)
    record = folder.record()
    first = _begun(folder, {"changes": _rows(old), "force": False})
    folder.generation(0).rename(folder.building(1))
    record = committing.finish(folder, record, first, 1, staging)
    new = _contents(staging, b"new")
    plan = _begun(folder, {"changes": [*_rows(new), ["both", *[None] * 5, None]], "force": True})
    if step >= 1:
        folder.generation(1).rename(folder.building(2))
    if step >= 2:
        apply(plan, staging.contents(), folder.building(2), read_index(folder.building(2)))
    if step >= 3:
        folder.building(2).rename(folder.generation(2))
    if step >= 4:
        committing.finish(folder, record, plan, 2, staging)
        folder.journal.write_text(json.dumps({"push": plan.id, "from": 1, "to": 2}))  # it had not gone yet
    record = committing.recover(folder)
    assert record.version == (2 if step else 1)
    found = content_of(folder.tree(record.version))
    assert found == ({**old, **new} if step else old)
    index = folder.index(record.version)
    assert {path: one.content for path, one in index.items() if one.kind == "f"} == {
        path: hashlib.sha256(data).hexdigest() for path, data in found.items()
    }
    assert (folder.generation(record.version) / "index.since.json").exists() == bool(step and more)
    assert (record.files, record.size_bytes) == (len(found), sum(map(len, found.values())))
    assert not folder.journal.exists()
    assert folder.current.resolve() == folder.generation(record.version).resolve()
    assert committing.recover(folder) == record


def _contents(staging: Staging, mark: bytes, more: int = 0) -> dict[str, bytes]:
    files = {"a": mark, "sub/b": mark + b"2", **{f"sub/{number}": b"%d" % number for number in range(more)}}
    contents = [Content(hashlib.sha256(data).hexdigest(), 0o600, 0, data, "") for data in files.values()]
    assert staging.add_pack(packed(contents)) == len(files)
    return files


def _begun(folder: Folder, body: dict[str, object]) -> Plan:
    """A commit that has been begun, as the engine does it."""
    plan = read_plan(secrets.token_hex(16), body)
    (folder.pushes / f"{plan.id}.json").write_text(json.dumps(body))
    committing.begin(folder, folder.record(), plan)
    return plan


def _rows(files: dict[str, bytes]) -> list[list[object]]:
    rows: list[list[object]] = [["sub", "d", 0o755, 0, "", 0, None]]
    return rows + [
        [path, "f", 0o644, len(data), hashlib.sha256(data).hexdigest(), 1, None] for path, data in files.items()
    ]


def test_a_file_that_changes_while_it_is_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is one of the states that the file had, never a mixture, and the push after it brings the last."""
    target = here / "log"
    target.write_bytes(b"0" * 1000)
    (here / "other").write_text("x")
    read = sending._read_small
    left = [3]

    def changing(tree: object, one: object) -> object:
        if left[0]:
            left[0] -= 1
            target.write_bytes(str(left[0]).encode() * 1000)
        return read(tree, one)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "_read_small", changing)
    pushed = push_workspace(here)
    there = content_of(Path(pushed.path))
    assert there["other"] == b"x"
    assert "log" not in there or len(set(there["log"])) == 1
    assert content_of(Path(push_workspace(here).path)) == content_of(here)


def test_what_the_system_does_not_let_the_engine_do(here: Path) -> None:
    """Is told, with the file: a task has put something there."""
    (here / "a").write_text("1")
    journal = Path(push_workspace(here).path).parents[2] / "journal.json"
    os.mkfifo(journal)
    for work in (push_workspace, pull_workspace, diff_workspace):
        (here / "a").write_text(work.__name__)
        with pytest.raises(RefusedError, match=r"the engine cannot do this at .*journal.json: Invalid argument"):
            work(here)
    journal.unlink()
    assert push_workspace(here).changed == ("a",)


def test_two_pushes_at_once(here: Path, other: Path, sandbox: EngineSandbox) -> None:
    """Of different files: both count. Of the same file: one of them is told."""
    filled(here)
    filled(other)
    (here / "mine").write_text("here")
    (other / "mine_too").write_text("other")
    (other / "large").write_bytes((here / "large").read_bytes())
    clients = [subprocess.Popen([sys.executable, "-c", PUSH, str(root)], env=sandbox.env) for root in (here, other)]
    assert [client.wait(60) for client in clients] == [0, 0]
    pull_workspace(here)
    pull_workspace(other)
    assert content_of(here) == content_of(other)
    assert {"mine", "mine_too"} <= content_of(here).keys()
    found = diff_workspace(here)
    assert (found.changed, found.only_here, found.only_there) == ((), (), ())
    (here / "same").write_text("here")
    (other / "same").write_text("other")
    push_workspace(here)
    with pytest.raises(WorkspaceConflict):
        push_workspace(other)


SCRIPT = r"""
set -u
mount -t tmpfs -o size=8m none "$HFAI_HOME"
say() { "$@"; echo "status $?"; }
say hai-cli workspace init full -q
head -c 3000000 /dev/urandom > one
say hai-cli workspace push
head -c 9000000 /dev/urandom > two
say hai-cli workspace push
dd if=/dev/zero of="$HFAI_HOME/filler" bs=4k 2>/dev/null
rm two; echo changed > three
say hai-cli workspace push
rm "$HFAI_HOME/filler"
say hai-cli workspace push
say hai-cli workspace diff
head -c 2500000 /dev/urandom > given_up
say python -c "
import os
from hfai.client import push_workspace
from hfai.client._workspace import push
push._Push._commit = lambda *_: os._exit(9)
push_workspace()"
mv given_up ..; head -c 2500000 /dev/urandom > four
say hai-cli workspace push
say hai-cli workspace diff
hai-cli platform down --stop-tasks
"""


def test_the_other_disk_is_full(tmp_path: Path, own_home: Path) -> None:
    """Refused in one line with exit code 6, nothing changed; with room again the next push brings it, also where one that was
    given up has filled it.
    """
    work = tmp_path / "work"
    work.mkdir()
    home = tmp_path / "full-home"
    home.mkdir()
    environ = {name: value for name, value in os.environ.items() if name != "HFAI_ENGINE_DIR"}
    environ.update(HFAI_HOME=str(home), PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run(
        [*unshare, "bash", "-c", SCRIPT],
        cwd=work,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    out = done.stdout.splitlines()
    assert [line for line in out if line.startswith("status ")] == [f"status {code}" for code in (0, 0, 6, 6, 0, 0, 9, 0, 0)], (
        done
    )
    refusals = [line for line in done.stderr.splitlines() if "no space left" in line]
    assert len(refusals) == 2, done.stderr
    assert "both sides are the same" in done.stdout
    assert "Traceback" not in done.stderr
