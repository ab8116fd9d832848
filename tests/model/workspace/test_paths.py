"""No path leaves a workspace: neither by its text nor by what the tree holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.model.errors import RefusedError
from hfai.model.workspace.paths import ensure_path, leads_out, path_problem
from hfai.model.workspace.safe_tree import SafeTree

_PARTS = st.one_of(
    st.sampled_from(
        ["..", ".", "", "a", "A", "b", "link", ".hfai", "a\nb", "\0", "\udcff", "x" * 256, "..a", "a..", "～"]
    ),
    st.text(max_size=6),
)
_PATHS = st.lists(_PARTS, min_size=1, max_size=6).map("/".join)


@given(_PATHS)
def test_what_is_let_through_is_inside(path: str) -> None:
    if path_problem(path) is None:
        assert os.path.normpath(f"/root/{path}") == f"/root/{path}"
        assert not path.startswith(".hfai")
        assert os.fsdecode(os.fsencode(path)) == path
    else:
        with pytest.raises(RefusedError):
            ensure_path(path)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "a//b", "", ".", "a/.", "a\0b", ".hfai/tree.json", ".HFAI", "\ud800"]
)
def test_refused(path: str) -> None:
    with pytest.raises(RefusedError, match="cannot be in a workspace"):
        ensure_path(path)


@given(st.lists(st.tuples(st.sampled_from(["a", "a/b", "a/b/c", "d", "d/e"]), _PATHS), max_size=6))
def test_links_that_may_travel_never_lead_out(
    tmp_path_factory: pytest.TempPathFactory, links: list[tuple[str, str]]
) -> None:
    """Whatever links are there together: whatever they resolve to is in the root."""
    root = tmp_path_factory.mktemp("links").resolve()
    for directory in ("a/b", "d"):
        (root / directory).mkdir(parents=True)
    made = []
    for number, (place, target) in enumerate(links):
        path = f"{place}/l{number}"
        if not leads_out(path, target) and (root / place).is_dir():
            try:
                (root / path).symlink_to(target)
            except (OSError, ValueError):
                continue
            made.append(root / path)
    for link in made:
        found = Path(os.path.realpath(link))
        assert found == root or root in found.parents


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (inside / "link").symlink_to(outside)
    (inside / "file").symlink_to(outside / "secret")
    with SafeTree(str(inside)) as tree:
        for act in (
            lambda: tree.open("link/secret"),
            lambda: tree.open("file"),
            lambda: tree.create("link/new", 0o644),
            lambda: tree.directory("link/new"),
            lambda: tree.link("link/new", "x", 0),
            lambda: tree.set_mode("file", 0o777),
        ):
            with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
                act()
        assert tree.stat("link/secret") is None
        assert tree.remove("link/secret")
        os.close(tree.create("file", 0o644))
    assert (outside / "secret").read_text() == "secret"
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert not (inside / "file").is_symlink()
