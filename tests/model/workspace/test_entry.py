"""Trees as files hold them."""

from __future__ import annotations

import json

import pytest

from hfai.model.workspace.entry import DIRECTORY, FILE, Known, packed_tree, unpacked_tree

_TREE = {
    "d": Known(DIRECTORY, 0o755, 0, "", 0, 0, 0),
    "d/\udcff": Known(FILE, 0o644, 2**60, "a" * 64, 9**30, -1, 2**64 - 1),
}


@pytest.mark.parametrize("tree", [{}, _TREE])
def test_a_tree_comes_back_as_it_was(tree: dict[str, Known]) -> None:
    found = unpacked_tree(json.loads(json.dumps(packed_tree(tree))))
    assert found == tree
    assert all(isinstance(one, Known) for one in found.values())


@pytest.mark.parametrize("tree", [{}, _TREE])
def test_the_form_of_before_is_read(tree: dict[str, Known]) -> None:
    assert unpacked_tree(json.loads(json.dumps([[*tree], [*tree.values()]]))) == tree


@pytest.mark.parametrize("rows", [[["a"]], [["a"], [], []]])
def test_anything_else_is_refused(rows: list[object]) -> None:
    with pytest.raises(ValueError, match="packed tree"):
        unpacked_tree(rows)
