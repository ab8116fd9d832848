"""The index of a tree, and what has changed since it was written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.engine.workspaces import index as module
from hfai.engine.workspaces.index import Index, read_index, write_index
from hfai.model.workspace.entry import Known, packed_tree

DIRECTORY = Known("d", 0o755, 0, "", 0, 0, 0)


def known(size: int) -> Known:
    return Known("f", 0o644, size, "0" * 64, 1, 2, 3)


def large() -> Index:
    return Index({f"d/{number}": known(number) for number in range(100)})


def reread(place: Path) -> Index:
    """As an engine that was just started reads it."""
    module._last = ((), Index({}))
    return read_index(place)


CHANGE = st.tuples(st.integers(0, 30).map(str), st.one_of(st.none(), st.just(DIRECTORY), st.integers(0, 9).map(known)))


@given(st.lists(st.lists(CHANGE, max_size=4), max_size=8))
def test_what_is_read_is_what_was_written(pushes: list[list[tuple[str, Optional[Known]]]]) -> None:
    """Whatever is written of it, whole or in part, and from wherever it is read."""
    wanted = {str(number): known(number) for number in range(20, 60)}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_index(place, Index(dict(wanted)))
        for push in pushes:
            index = read_index(place).copy()
            for path, one in push:
                if one is not None:
                    index[path] = wanted[path] = one
                else:
                    index.pop(path, None)
                    wanted.pop(path, None)
            write_index(place, index)
            for found in (index, read_index(place), reread(place)):
                assert found == wanted
                assert found.files == sum(one.kind == "f" for one in wanted.values())
                assert found.size_bytes == sum(one.size for one in wanted.values())


def test_a_small_change_leaves_the_whole_file_alone(tmp_path: Path) -> None:
    write_index(tmp_path, large())
    before = (tmp_path / "index.json").read_bytes()
    index = read_index(tmp_path).copy()
    index["new"] = known(7)
    write_index(tmp_path, index)
    assert (tmp_path / "index.json").read_bytes() == before
    for number in range(10):
        index[f"d/{number}"] = known(8)
    write_index(tmp_path, index)
    assert [one.name for one in tmp_path.iterdir()] == ["index.json"]
    assert reread(tmp_path)["new"] == known(7)


def test_changes_of_another_whole_file_do_not_count(tmp_path: Path) -> None:
    """A crash after a whole file was written and before the changes to the last one were removed."""
    write_index(tmp_path, large())
    index = read_index(tmp_path).copy()
    index["d/1"] = known(7)
    write_index(tmp_path, index)
    changes = (tmp_path / "index.since.json").read_bytes()
    for number in range(10):
        index[f"d/{number}"] = known(8)
    write_index(tmp_path, index)
    (tmp_path / "index.since.json").write_bytes(changes)
    assert reread(tmp_path) == index
    index["d/2"] = known(9)
    write_index(tmp_path, index)
    assert reread(tmp_path) == index


def test_a_copy_may_be_changed(tmp_path: Path) -> None:
    """Nobody else sees it before it is written."""
    write_index(tmp_path, large())
    index = read_index(tmp_path).copy()
    del index["d/1"]
    index["d/2"] = DIRECTORY
    assert read_index(tmp_path) == large()
    assert (read_index(tmp_path).files, read_index(tmp_path).size_bytes) == (100, 4950)


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_indexes_from_before_there_were_two_files(tmp_path: Path, form: str) -> None:
    tree = large().tree
    body = packed_tree(tree) if form == "columns" else [[*tree], [*tree.values()]]
    (tmp_path / "index.json").write_text(json.dumps(body))
    index = reread(tmp_path).copy()
    assert index == tree
    index["d/1"] = known(7)
    write_index(tmp_path, index)
    assert reread(tmp_path) == index


def test_what_a_loss_of_power_has_emptied(tmp_path: Path) -> None:
    write_index(tmp_path, large())
    index = read_index(tmp_path).copy()
    index["d/1"] = known(7)
    write_index(tmp_path, index)
    (tmp_path / "index.since.json").write_bytes(b"")
    assert reread(tmp_path) == large()
    (tmp_path / "index.json").write_bytes(b"")
    assert reread(tmp_path) == {}


def test_there_is_none(tmp_path: Path) -> None:
    assert read_index(tmp_path) == {}
