"""Pushing a directory and pulling it again, through a real engine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import hfai.client
from hfai.client import diff_workspace, download_workspace, pull_workspace, push_workspace
from hfai.model.errors import NotFoundError, RefusedError, UsageError, WorkspaceConflict, WorkspaceNotFound
from hfai.testing import EngineSandbox


def tree_of(root: Path) -> dict[str, object]:
    """What is in a directory, but for hfai's own files."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.split("/")[0] == ".hfai":
            continue
        mode = path.lstat().st_mode & 0o777
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = (mode, path.read_bytes() if path.is_file() else None)
    return found


def fill(root: Path) -> None:
    (root / "sub/deep").mkdir(parents=True)
    (root / "empty").mkdir(mode=0o750)
    (root / "train.py").write_text("print('hello')\n")
    (root / "run.sh").write_text("echo hi\n")
    (root / "run.sh").chmod(0o755)
    (root / "sub/same.txt").write_text("twice\n")
    (root / "sub/deep/same too.txt").write_text("twice\n")
    (root / "sub/deep/线.txt").write_text("宽\n")
    (root / os.fsdecode(b"sub/not-\xff-utf8")).write_bytes(b"\0\1")
    (root / "nothing").touch(mode=0o600)
    (root / "big.bin").write_bytes(os.urandom(3 << 20))
    (root / "sub/link").symlink_to("../train.py")


def test_a_tree_arrives_as_it_is(here: Path, other: Path) -> None:
    fill(here)
    pushed = push_workspace(here)
    assert tree_of(Path(pushed.path)) == tree_of(here)
    assert not pushed.skipped
    assert pushed.total_files == 8
    assert (Path(pushed.path) / "train.py").stat().st_mtime_ns == (here / "train.py").stat().st_mtime_ns
    pulled = pull_workspace(other)
    assert tree_of(other) == tree_of(here)
    assert set(pulled.changed) == set(pushed.changed)
    for root in (here, other):
        again = push_workspace(root)
        assert (again.changed, again.removed, again.sent_bytes) == ((), (), 0)
        assert pull_workspace(root).changed == ()


def test_only_changed_content_travels(here: Path) -> None:
    fill(here)
    push_workspace(here)
    (here / "big.bin").rename(here / "sub/renamed.bin")
    (here / "nothing").unlink()
    (here / "train.py").write_text("print('bye')\n")
    pushed = push_workspace(here)
    assert set(pushed.changed) == {"sub/renamed.bin", "train.py"}
    assert set(pushed.removed) == {"big.bin", "nothing"}
    assert pushed.sent_bytes == len("print('bye')\n")
    assert tree_of(Path(pushed.path)) == tree_of(here)
    (here / "train.py").chmod(0o744)
    assert push_workspace(here).sent_bytes == 0
    assert tree_of(Path(hfai.client.push_workspace(here).path)) == tree_of(here)


def test_kinds_that_change(here: Path) -> None:
    fill(here)
    push_workspace(here)
    (here / "sub/link").unlink()
    (here / "sub/link").mkdir()
    (here / "sub/link/inside").write_text("x")
    (here / "train.py").unlink()
    (here / "train.py").symlink_to("run.sh")
    for path in sorted((here / "sub/deep").iterdir()):
        path.unlink()
    (here / "sub/deep").rmdir()
    (here / "sub/deep").write_text("a file now")
    pushed = push_workspace(here)
    assert tree_of(Path(pushed.path)) == tree_of(here)


def test_conflicts_are_never_overwritten_unasked(here: Path, other: Path) -> None:
    (here / "a").write_text("one")
    (here / "b").write_text("one")
    push_workspace(here)
    pull_workspace(other)
    (other / "a").write_text("theirs")
    (other / "new").write_text("theirs")
    push_workspace(other)
    (here / "b").write_text("mine")
    assert push_workspace(here).changed == ("b",)
    (here / "a").write_text("mine")
    with pytest.raises(WorkspaceConflict, match=r"a \(1 in all\).*--force"):
        push_workspace(here)
    with pytest.raises(WorkspaceConflict):
        push_workspace(here, dry_run=True)
    with pytest.raises(WorkspaceConflict, match="both sides"):
        pull_workspace(here)
    assert (here / "a").read_text() == "mine"
    found = diff_workspace(here)
    assert found.changed == (("a", "both"),)
    assert found.only_there == ("new",)
    pushed = push_workspace(here, force=True)
    assert (Path(pushed.path) / "a").read_text() == "mine"
    assert pull_workspace(here).changed == ("new",)
    assert set(pull_workspace(other).changed) == {"a", "b"}
    (here / "a").unlink()
    push_workspace(here)
    (other / "a").write_text("edited again")
    with pytest.raises(WorkspaceConflict):
        pull_workspace(other)
    with pytest.raises(WorkspaceConflict):
        push_workspace(other)
    pull_workspace(other, force=True)
    assert not (other / "a").exists()


def test_outputs_of_tasks_come_back(here: Path) -> None:
    (here / "code.sh").write_text(
        "mkdir -p out __pycache__; echo done > out/result; echo x > __pycache__/y; echo more >> code.sh.log\n"
    )
    pushed = push_workspace(here)
    config = {"version": 2, "name": "out", "spec": {"workspace": pushed.path, "entrypoint": "code.sh"}, "resource": {}}
    task = hfai.client.create_experiment_v2(config)
    assert hfai.client.wait(task, timeout=60).exit_status == 0
    assert push_workspace(here).changed == ()
    assert set(diff_workspace(here).only_there) == {"out", "out/result", "code.sh.log"}
    assert set(pull_workspace(here, dry_run=True).changed) == {"out", "out/result", "code.sh.log"}
    assert not (here / "out").exists()
    assert set(pull_workspace(here).changed) == {"out", "out/result", "code.sh.log"}
    assert (here / "out/result").read_text() == "done\n"
    assert download_workspace("__pycache__/y", here).changed == ("__pycache__", "__pycache__/y")
    assert download_workspace("__pycache__", here).changed == ()
    (here / "__pycache__/y").unlink()
    (here / "__pycache__").rmdir()
    assert push_workspace(here).removed == ()
    with pytest.raises(NotFoundError, match="no nowhere"):
        download_workspace("nowhere", here)


def test_a_running_task_keeps_what_it_started_with(here: Path, name: str) -> None:
    (here / "code.sh").write_text("echo begun; touch from_task; while [ ! -e go ]; do sleep 0.05; done; cat lib.txt\n")
    (here / "lib.txt").write_text("old\n")
    first = push_workspace(here)
    config = {"version": 2, "name": name, "spec": {"workspace": first.path, "entrypoint": "code.sh"}, "resource": {}}
    task = hfai.client.create_experiment_v2(config)
    deadline = time.monotonic() + 60
    while not (Path(first.path) / "from_task").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (here / "lib.txt").write_text("new\n")
    second = push_workspace(here)
    assert second.path != first.path
    assert (Path(second.path) / "lib.txt").read_text() == "new\n"
    assert "from_task" in diff_workspace(here).only_there
    with pytest.raises(RefusedError, match="stop them first"):
        hfai.client.remove_workspace(name)
    (Path(first.path) / "go").touch()
    task = hfai.client.wait(task, timeout=60)
    assert (
        "old" in task.logs(0).decode()
        if isinstance(task.logs(0), bytes)
        else "old" in "".join(str(line) for line in task.logs(0))
    )
    assert {"from_task", "go"} <= set(pull_workspace(here).changed)
    # Its tree is gone, and its name leads to the one that counts.
    assert Path(first.path).resolve() == Path(second.path).resolve()


def test_a_home_directory_keeps_what_hfai_has_in_it(here: Path) -> None:
    """Tokens and the state of an engine do not travel unasked."""
    (here / ".hai" / "engine").mkdir(parents=True)
    (here / ".hai" / "conf.yaml").write_text("token: t\n")
    (here / "x").write_text("x")
    assert push_workspace(here).changed == ("x",)
    assert ".hai/conf.yaml" in push_workspace(here, hfignore=False, dry_run=True).changed


def test_links_that_lead_out_stay_here(here: Path) -> None:
    (here / "out").symlink_to("/etc")
    (here / "up").symlink_to("../../x")
    (here / "in").symlink_to("./nowhere")
    os.mkfifo(here / "pipe")
    pushed = push_workspace(here)
    assert pushed.changed == ("in",)
    assert pushed.skipped == {"out": "link", "up": "link", "pipe": "kind"}


def test_another_workspace_of_the_name(here: Path, name: str) -> None:
    (here / "a").write_text("x")
    push_workspace(here)
    hfai.client.remove_workspace(name)
    with pytest.raises(WorkspaceNotFound, match="workspace init"):
        push_workspace(here)
    assert hfai.client.init_workspace(name, here)[1]
    assert push_workspace(here).changed == ("a",)
    assert [one.files for one in hfai.client.list_workspaces() if one.name == name] == [1]


def test_names_and_places(tmp_path: Path, here: Path) -> None:
    for bad in ("", "../x", "a/b", ".hidden", "a b", "x" * 65, "a\n"):
        with pytest.raises(UsageError, match="name of a workspace"):
            hfai.client.init_workspace(bad, tmp_path)
    with pytest.raises(UsageError, match="not in a workspace"):
        push_workspace(tmp_path)
    with pytest.raises(UsageError, match=r"workspace .* already"):
        hfai.client.init_workspace("another", here)


def test_users_are_kept_apart(here: Path, name: str, sandbox: EngineSandbox) -> None:
    (here / "a").write_text("secret")
    push_workspace(here)
    user = sandbox.add_user(f"eve_{os.getpid()}")
    assert user.post("query/workspace", None, name=name)["code"] == "workspace_not_found"
    assert user.post("query/workspace/list")["result"] == []
    body = {"sha256": "0" * 64, "path": "/etc/passwd", "size": 1, "mtime_ns": 1, "ctime_ns": 1, "ino": 1}
    assert user.post("operating/workspace/push/copy", body, name=name)["code"] == "not_authorised"


def test_a_directory_that_may_not_be_entered(here: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named; what is in it on the other side stays, and is not said to be missing here."""
    (here / "d").mkdir()
    (here / "d/kept").write_text("kept")
    (here / "e").write_text("old")
    pushed = push_workspace(here)
    open_, lstat = os.open, os.lstat

    def ask(name: object) -> None:
        if str(name).startswith(f"{here}/d/"):
            raise PermissionError(13, "Permission denied", str(name))

    def opened(path: str, *rest: int, **more: int) -> int:
        ask(path)
        return open_(path, *rest, **more)

    def looked_at(path: str, **more: int) -> os.stat_result:
        ask(path)
        return lstat(path, **more)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "lstat", looked_at)
    (here / "d").chmod(0o311)
    (here / "e").write_text("new one")
    again = push_workspace(here)
    assert (again.changed, again.removed, again.skipped) == (("e",), (), {"d": "unreadable"})
    assert (Path(again.path) / "d/kept").read_text() == "kept"
    assert (Path(again.path) / "d").stat().st_mode == (Path(pushed.path) / "d").stat().st_mode
    found = diff_workspace(here)
    assert (found.changed, found.only_here, found.only_there) == ((), (), ())
    pull_workspace(other)
    (other / "d/kept").unlink()
    push_workspace(other)
    assert pull_workspace(here).changed == ()
    monkeypatch.undo()
    (here / "d").chmod(0o755)


def test_an_ignore_file_that_cannot_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it names is not known then: nothing of its directory travels, and nothing at all where it is the root's."""
    (here / "d").mkdir()
    (here / "d/.hfignore").write_text("secret\n")
    (here / "d/secret").write_text("x")
    (here / "a").write_text("a")
    read_bytes = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == ".hfignore":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    pushed = push_workspace(here)
    assert (pushed.changed, pushed.skipped) == (("a",), {"d": "unreadable"})
    (here / "d/secret").write_text("xx")
    assert push_workspace(here).changed == ()
    (here / ".hfignore").write_text("d\n")
    with pytest.raises(UsageError, match=r"/here/\.hfignore: Permission denied"):
        push_workspace(here)
