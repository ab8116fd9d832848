"""A first push that sends before it says what there is: what is taken for the tree, and what a crash leaves of it."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable, Optional

import pytest

from hfai.engine.workspaces import committing
from hfai.engine.workspaces.folder import Folder, Record
from hfai.engine.workspaces.plan import Plan, read_plan
from hfai.engine.workspaces.staging import Staging
from hfai.model.errors import RefusedError
from hfai.model.workspace.pack import Content, packed

# Path: content and mode. Two have the same content, one nobody may read, and one name is no UTF-8.
FILES = {
    "a": (b"one", 0o644),
    "sub/deep/b": (b"two", 0o755),
    "sub/same": (b"one", 0o600),
    "sub/empty": (b"", 0o644),
    "sub/\udcff": (b"odd", 0o200),
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "workspaces", "u", "x")
    folder.path.parent.parent.mkdir()
    folder.make(Record("uid", "x", "u", 1.0))
    return folder


@pytest.mark.parametrize("is_remembered", [True, False])
def test_it_becomes_the_tree(folder: Folder, is_remembered: bool) -> None:
    """Also when the engine was started again meanwhile; what is not wanted any more does not come along."""
    staging = _sent(folder, [*FILES, "left/over"])
    inode = (folder.staging / "early/a").stat().st_ino
    plan = _plan(FILES)
    assert committing.missing(folder, staging, folder.record(), plan) == []
    _begun(folder, plan)
    record = committing.finish(folder, folder.record(), plan, 1, staging if is_remembered else Staging(folder))
    _is_whole(folder, record)
    assert (folder.tree(1) / "a").stat().st_ino == inode
    assert not any(folder.staging.iterdir())


@pytest.mark.parametrize("moment", ["before", "moved", "half done"])
def test_a_crash_while_it_becomes_the_tree(folder: Folder, moment: str) -> None:
    _sent(folder, FILES)
    plan = _plan(FILES)
    _begun(folder, plan)
    tree = folder.building(1) / "tree"
    if moment != "before":
        (folder.staging / "early").rename(tree)
    if moment == "half done":
        (tree / "sub/same").write_bytes(b"one")
        (tree / "sub/deep").chmod(0o755)
    _is_whole(folder, committing.recover(folder))


def test_a_tree_that_is_not_empty_stays(folder: Folder) -> None:
    """A task has written to it before the first push: the contents are as good as staged ones."""
    (folder.tree(0) / "output").write_text("of a task")
    staging = _sent(folder, FILES)
    plan = _plan(FILES)
    assert committing.missing(folder, staging, folder.record(), plan) == []
    _begun(folder, plan)
    record = committing.finish(folder, folder.record(), plan, 1, staging)
    assert (folder.tree(1) / "output").read_text() == "of a task"
    (folder.tree(1) / "output").unlink()
    _is_whole(folder, record)


def test_what_is_in_the_way_is_sent_again(folder: Folder) -> None:
    staging = Staging(folder)
    contents = [_content("a", b"file"), _content("a/b", b"under a file"), _content("a", b"another")]
    assert staging.add_pack(packed(contents), is_early=True) == 1
    plan = _plan({"a/b": (b"under a file", 0o644)})
    assert committing.missing(folder, staging, folder.record(), plan) == [plan.changes["a/b"].wanted.content]  # type: ignore[union-attr]
    staging.add_pack(packed(contents[1:2]))
    _begun(folder, plan)
    committing.finish(folder, folder.record(), plan, 1, staging)
    assert (folder.tree(1) / "a/b").read_bytes() == b"under a file"


@pytest.mark.parametrize("path", ["../out", "/out", "a/../../out", ".hfai/x", ""])
def test_no_path_leads_out(folder: Folder, path: str) -> None:
    with pytest.raises(RefusedError):
        Staging(folder).add_pack(packed([_content(path, b"x")]), is_early=True)
    assert not [one for one in folder.path.rglob("*") if one.name in ("out", "x")]


def test_a_content_that_is_not_what_it_says(folder: Folder) -> None:
    body = packed([_content("a", b"right"), _content("b", b"wrong")._replace(digest="0" * 64)])
    with pytest.raises(RefusedError, match="damaged"):
        Staging(folder).add_pack(body, is_early=True)
    assert not (folder.staging / "early/b").exists()


def _sent(folder: Folder, paths: Iterable[str]) -> Staging:
    """A staging that each content has come to once, as a client sends them."""
    staging = Staging(folder)
    contents: dict[bytes, Content] = {}
    for path in paths:
        data, mode = FILES.get(path, (b"left", 0o644))
        contents.setdefault(data, _content(path, data, mode))
    assert staging.add_pack(packed([*contents.values()]), is_early=True) == len(contents)
    return staging


def _content(path: str, data: bytes, mode: int = 0o644) -> Content:
    return Content(hashlib.sha256(data).hexdigest(), mode, 10**18, data, path)


def _plan(files: dict[str, tuple[bytes, int]]) -> Plan:
    rows: list[list[Optional[object]]] = [[path, "d", 0o555, 0, "", 0, None] for path in ("sub", "sub/deep")]
    rows = rows if "sub/same" in files else [["a", "d", 0o755, 0, "", 0, None]]
    for path, (data, mode) in files.items():
        rows.append([path, "f", mode, len(data), hashlib.sha256(data).hexdigest(), 10**18, None])
    return read_plan("p", {"changes": rows, "force": False})


def _begun(folder: Folder, plan: Plan) -> None:
    rows = [[path, *(change.wanted or [None] * 5), change.base] for path, change in plan.changes.items()]
    (folder.pushes / f"{plan.id}.json").write_text(json.dumps({"changes": rows, "force": plan.force}))
    committing.begin(folder, folder.record(), plan)
    folder.generation(0).rename(folder.building(1))


def _is_whole(folder: Folder, record: Record) -> None:
    tree = folder.tree(1)
    assert (record.version, record.files, record.size_bytes) == (1, len(FILES), sum(len(one) for one, _ in FILES.values()))
    found = {os.fsdecode(os.path.relpath(one, tree)): one for one in tree.rglob("*") if one.is_file()}
    assert found.keys() == FILES.keys()
    for path, (data, mode) in FILES.items():
        status = found[path].stat()
        assert (status.st_mode & 0o777, status.st_mtime_ns) == (mode, 10**18)
        found[path].chmod(0o600)
        assert found[path].read_bytes() == data
    assert (tree / "sub/deep").stat().st_mode & 0o777 == 0o555
    assert {path for path, one in folder.index(1).items() if one.kind == "f"} == FILES.keys()
    assert not folder.journal.exists()
    assert committing.recover(folder) == record


def test_what_had_to_make_room_is_sent_again(folder: Folder) -> None:
    """A full disk has taken it away, for what another push needs: nothing is believed to be there any more."""
    staging = _sent(folder, FILES)
    staging.keep_only({_content("", b"two").digest})
    assert sorted(staging.contents()) == [_content("", b"two").digest]
    assert len(committing.missing(folder, staging, folder.record(), _plan(FILES))) == 3


def test_a_commit_clears_away_what_others_send_just_now(folder: Folder) -> None:
    """Two pushes at once, a first one or not: whoever comes second sends again what has gone; neither fails."""
    staging = Staging(folder)
    bodies = [packed([_content(f"d{number}/f{one}", b"%d %d" % (number, one)) for one in range(20)]) for number in range(80)]
    with ThreadPoolExecutor(3) as threads:
        sending = threads.map(lambda body: staging.add_pack(body, is_early=hash(body) % 2 == 0), bodies)
        clearing = threads.map(lambda _: staging.clear(only_old=False), range(300))
        assert max(sending) == 20
        assert len([*clearing]) == 300
    staging.clear(only_old=False)
    assert not any(folder.staging.iterdir())
    assert staging.add_pack(bodies[0], is_early=True) == 20
    known = {folder.staging / "early" / path for path in staging.early.files()}
    assert known == {path for path in folder.staging.rglob("*") if path.is_file()}


def test_only_what_is_in_a_pack_is_read(folder: Folder) -> None:
    """Odd packs are refused in words."""
    digest = _content("", b"").digest
    heads: list[object] = [
        [[digest, 0o644, float("nan"), "a", 0]],
        [[digest, 0o644, 1.0, "a", 0]],
        [[digest, True, 1, "a", 0]],
        [[digest, 0o4755, 1, "a", 0]],
        [[digest, 0o644, 2**63, "a", 0]],
        [[digest, 0o644, 1, "a", -1]],
        [[digest, 0o644, 1, "a", 2**70]],
        [[digest, 0o644, 1, None, 0]],
        [[digest, 0o644, 1, "a"]],
        [digest],
        {"a": 1},
        None,
    ]
    bodies = [json.dumps(head).encode() + b"\n" for head in heads]
    bodies += [b"", b"\n", b"[" * 100_000 + b"\n", b"[[" + b"9" * 10_000 + b"]]\n", b"\xff\n", b'[["a"' + b"\n"]
    for body in bodies:
        for is_early in (False, True):
            with pytest.raises(RefusedError, match="damaged"):
                Staging(folder).add_pack(body, is_early=is_early)
    with pytest.raises(RefusedError, match="no name of bytes"):
        Staging(folder).add_pack(packed([_content("a/\ud800", b"x")]), is_early=True)
    odd = ["line\nbreak", "a", "a", "a/b", "\udcfe", "c\\d", "-rf", "x" * 255]
    assert Staging(folder).add_pack(packed([_content(path, b"x") for path in odd]), is_early=True) == 6
    assert sorted(os.listdir(folder.staging)) == ["early"]  # noqa: PTH208
