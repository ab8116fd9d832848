"""Records of a workspace that somebody else has written to: told in one line, and a way out of it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Coroutine

import pytest

from hfai.engine.workspaces.occupancy import OwnOccupancy
from hfai.engine.workspaces.workspaces import Workspaces
from hfai.model.errors import HfaiError, RefusedError

RECORD = {"uid": "u", "name": "x", "user_name": "u", "created_at": 1.0}
RECORDS = [
    "",
    "[]",
    "[" * 50_000,
    json.dumps({**RECORD, "version": "1"}),
    json.dumps({**RECORD, "version": -1}),
    json.dumps({**RECORD, "version": 1.0}),
    json.dumps({**RECORD, "files": 2**70}),
    json.dumps({**RECORD, "pushed_at": float("nan")}),
    json.dumps({**RECORD, "created_at": True}),
    json.dumps({**RECORD, "uid": "\ud800"}),
    json.dumps({**RECORD, "more": 1}),
]
BODY = {"changes": [["d", "d", 0o755, 0, "", 0, None]], "force": True, "commit": True}


@pytest.fixture
def workspaces(tmp_path: Path) -> Workspaces:
    root = tmp_path / "workspaces"
    made = Workspaces(root, OwnOccupancy(root, lambda: ()))
    _run(made.create("u", "x"))
    _run(made.begin("u", "x", json.dumps(BODY).encode(), BODY))
    return made


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


@pytest.mark.parametrize("text", RECORDS)
def test_the_record(workspaces: Workspaces, tmp_path: Path, text: str) -> None:
    top = tmp_path / "workspaces/u-u/x"
    (top / "workspace.json").write_text(text)
    for work in (workspaces.head("u", "x"), workspaces.of_user("u"), workspaces.create("u", "x"), workspaces.rows("u", "x")):
        with pytest.raises(RefusedError, match="workspace remove x"):
            _run(work)
    _run(workspaces.remove("u", "x"))
    assert not top.exists() and _run(workspaces.of_user("u")) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"push": "x", "from": 1, "to": {}}', '{"push": "x", "from": 1, "to": "/etc"}'])
def test_the_journal(workspaces: Workspaces, tmp_path: Path, text: str) -> None:
    """A list is there all the same."""
    top = tmp_path / "workspaces/u-u/x"
    (top / "journal.json").write_text(text)
    try:
        _run(workspaces.head("u", "x"))
    except RefusedError as error:
        assert "workspace remove x" in str(error)
    assert [record.version for record in _run(workspaces.of_user("u"))] == [1]
    _run(workspaces.remove("u", "x"))
    assert not top.exists()


@pytest.mark.parametrize("name", ["workspace.json", "journal.json", "generations/1/index.json", "generations/1/seen.json"])
@pytest.mark.parametrize("kind", ["pipe", "hole", "directory"])
def test_what_is_no_file_or_has_no_end(workspaces: Workspaces, tmp_path: Path, name: str, kind: str) -> None:
    """Is neither waited for nor read."""
    path = tmp_path / "workspaces/u-u/x" / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "hole":
        path.touch()
        os.truncate(path, 1 << 42)
    else:
        path.mkdir()
    with pytest.raises((OSError, HfaiError)):
        _run(workspaces.rows("u", "x"))


def test_a_pipe_where_a_file_is_to_be_written(workspaces: Workspaces, tmp_path: Path) -> None:
    for name in (".workspace.json.new", ".journal.json.new"):
        os.mkfifo(tmp_path / "workspaces/u-u/x" / name)
    body = {**BODY, "changes": [["e", *BODY["changes"][0][1:]]]}  # type: ignore[index]
    with pytest.raises(OSError):
        _run(workspaces.begin("u", "x", json.dumps(body).encode(), body))
    assert [record.version for record in _run(workspaces.of_user("u"))] == [1]
