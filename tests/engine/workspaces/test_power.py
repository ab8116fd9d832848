"""A loss of power in the middle of a commit: files that were written last are empty, and the next push makes all good."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Iterator

import pytest

from hfai.engine.workspaces import committing
from hfai.engine.workspaces.building import apply
from hfai.engine.workspaces.folder import Folder, Record
from hfai.engine.workspaces.index import read_index
from hfai.engine.workspaces.plan import Plan, read_plan
from hfai.engine.workspaces.staging import Staging
from hfai.model.workspace.pack import Content, packed

OLD = {"a": b"old a", "gone": b"gone", "stays": b"stays"}
NEW = {"a": b"new a", "stays": b"stays", "more": b"more"}
_ids = itertools.count()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "workspaces", "u", "x")
    folder.path.parent.parent.mkdir()
    folder.make(Record("uid", "x", "u", 1.0))
    _push(folder, {}, OLD)
    return folder


@pytest.mark.parametrize("emptied", [(), ("journal",), ("plan",), ("index",), ("journal", "plan", "index")])
@pytest.mark.parametrize("step", ["begun", "renamed", "applied", "whole", "recorded"])
def test_the_next_push_makes_it_good(folder: Folder, step: str, emptied: tuple[str, ...]) -> None:
    plan = _begun(folder, OLD, NEW)
    for _ in _steps(folder, plan, step):
        pass
    places = {
        "journal": [folder.journal],
        "plan": [folder.pushes / f"{plan.id}.json"],
        "index": [*folder.generations.glob("*/index*.json")],
    }
    for one in emptied:
        for file in places[one]:
            file.write_bytes(b"")
    record = committing.recover(folder)
    assert not folder.journal.exists()
    assert folder.current.resolve() == folder.generation(record.version).resolve()
    assert committing.recover(folder) == record
    _push(folder, NEW if record.version == 2 else OLD, NEW)
    assert _files(folder) == NEW
    assert committing.check(folder, folder.record(), read_plan("p", _body(NEW, NEW))).changes == {}


def _steps(folder: Folder, plan: Plan, last: str) -> Iterator[None]:
    if last == "begun":
        return
    building = folder.building(2)
    folder.generation(1).rename(building)
    yield
    if last == "renamed":
        return
    apply(plan, Staging(folder).contents(), building, read_index(building))
    yield
    if last == "applied":
        return
    building.rename(folder.generation(2))
    yield
    if last == "recorded":
        folder.write_record(Record("uid", "x", "u", 1.0, version=2, files=3))


def _push(folder: Folder, base: dict[str, bytes], files: dict[str, bytes]) -> None:
    """As a client does it that believes ``base`` to be there."""
    plan = committing.check(folder, folder.record(), _begun(folder, base, files, is_journaled=False))
    if not plan.changes:
        return
    version = folder.record().version
    committing.begin(folder, folder.record(), plan)
    folder.generation(version).rename(folder.building(version + 1))
    committing.finish(folder, folder.record(), plan, version + 1, Staging(folder))


def _begun(folder: Folder, base: dict[str, bytes], files: dict[str, bytes], *, is_journaled: bool = True) -> Plan:
    body = _body(base, files)
    plan = read_plan(f"p{next(_ids)}", body)
    (folder.pushes / f"{plan.id}.json").write_text(json.dumps(body))
    Staging(folder).add_pack(packed([Content(_digest(data), 0o644, 1, data, "") for data in files.values()]))
    if is_journaled:
        committing.begin(folder, folder.record(), plan)
    return plan


def _body(base: dict[str, bytes], files: dict[str, bytes]) -> dict[str, object]:
    bases = {path: f"f644 {_digest(data)}" for path, data in base.items()}
    rows: list[list[object]] = [
        [path, "f", 0o644, len(data), _digest(data), 1, bases.get(path)] for path, data in files.items()
    ]
    rows += [[path, *[None] * 5, bases[path]] for path in base if path not in files]
    return {"changes": rows, "force": False}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _files(folder: Folder) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.tree(folder.record().version).iterdir()}
