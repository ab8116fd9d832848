"""A server that names paths, links and contents that would lead out of the workspace gets nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hfai.client import init_workspace, pull_workspace
from hfai.model.errors import RefusedError

RECORD = {"uid": "u", "name": "x", "version": 1, "files": 1, "size_bytes": 1, "created_at": 1.0, "pushed_at": 1.0}
DIGEST = "0" * 64
BAD: list[list[Any]] = [
    ["../x", "f", 0o644, 1, DIGEST, 1],
    ["/etc/x", "f", 0o644, 1, DIGEST, 1],
    ["a/../../x", "d", 0o755, 0, "", 1],
    [".hfai/tree.json", "f", 0o644, 1, DIGEST, 1],
    ["a\0", "f", 0o644, 1, DIGEST, 1],
    ["a", "f", 0o644, 1, "../../x", 1],
]


@pytest.mark.parametrize("row", BAD, ids=repr)
def test_refused(engine: Any, tmp_path: Path, row: list[Any]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    engine.routes["operating/workspace/create"] = {"success": 1, "result": {**RECORD, "is_new": True}}
    engine.routes["query/workspace/tree"] = {"success": 1, "result": {**RECORD, "tree": [row]}}
    init_workspace("x", root)
    with pytest.raises(RefusedError, match="cannot be in a workspace"):
        pull_workspace(root)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_links_that_lead_out_are_left(engine: Any, tmp_path: Path) -> None:
    """Also one through another: nothing is written through it."""
    root = tmp_path / "root"
    root.mkdir()
    rows = [["in", "l", 0, 0, "/etc", 1], ["up", "l", 0, 0, "../..", 1], ["ok", "l", 0, 0, "nowhere", 1]]
    engine.routes["operating/workspace/create"] = {"success": 1, "result": {**RECORD, "is_new": True}}
    engine.routes["query/workspace/tree"] = {"success": 1, "result": {**RECORD, "tree": rows}}
    init_workspace("x", root)
    assert pull_workspace(root).changed == ("ok",)
    assert sorted(path.name for path in root.iterdir()) == [".hfai", "ok"]
