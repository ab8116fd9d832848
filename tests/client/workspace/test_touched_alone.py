"""A push that loads and scans only directories in which something was touched does what one does that looks at everything."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.client._workspace import memory
from hfai.client._workspace.local import LocalWorkspace
from hfai.client._workspace.memory import open_memory
from hfai.client._workspace.push import _Push
from hfai.model.errors import WorkspaceConflict
from hfai.model.workspace import scan

NAMES = ["a", "a-b", "b", "c.py", "x.pyc", "\udcff"]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
DIRECTORIES = st.lists(st.sampled_from(NAMES), max_size=2).map("/".join)
RULES = ["", "*.py\n", "!x.pyc\n", "/a\n!a-b/b\n"]
_now = count(10**18)

Edit = Callable[[Path], None]


class Whole(LocalWorkspace):
    """One that looks at everything each time."""

    def look(self, *, use_ignore: bool) -> Optional[int]:
        return None


class Platform:
    """The other side, as far as a push meets it: what is there, and what was asked for."""

    is_embedded = True

    def __init__(self) -> None:
        self.there: dict[str, str] = {}
        self.begun: list[Any] = []

    def ask(self, route: str, body: Any = None, **_query: Any) -> dict[str, Any]:
        if route.endswith("begin"):
            changes = json.loads(body)["changes"]
            self.begun.append(sorted(changes))
            for path, kind, mode, _, content, _, base in changes:
                wanted = None if kind is None else f"{kind}{mode:o} {content}"
                if self.there.get(path) not in (base, wanted):
                    raise WorkspaceConflict(paths=[path], shown=path, count=1)
            for path, kind, mode, _, content, _, _ in changes:
                self.there.pop(path, None)
                if kind is not None:
                    self.there[path] = f"{kind}{mode:o} {content}"
        return {"result": {"uid": "u", "version": 1, "path": "/x", "push": "p", "missing": [], "parts": {}}}


class Side:
    """A directory's workspace with a memory and a platform of its own."""

    def __init__(self, kind: type[LocalWorkspace], root: Path, state_dir: Path) -> None:
        self._kind, self._root, self._state_dir = kind, root, state_dir
        self.platform = Platform()
        self.local = kind(root, state_dir)
        self.local.name, self.local.uid = "w", "u"
        self.local.save()

    def push(self) -> Any:
        """What comes of a push."""
        self.local = self._kind(self._root, self._state_dir).load()
        options = {"checksum": True, "hfignore": True, "zip": True, "diff": True, "progress": None}
        push = _Push(self.local, self.platform, force=False, **options)  # type: ignore[arg-type]
        try:
            return push.run(dry_run=False)
        except WorkspaceConflict as error:
            return str(error)
        finally:
            self.local.close()

    @property
    def memory(self) -> tuple[object, ...]:
        """Everything that is remembered, however it is divided among the two files."""
        with contextlib.closing(open_memory(str(self._state_dir))) as found:
            pieces = {one: found.piece(one)[0 if found.agreed is not None else 2 :] for one in found.directories}
            return found.name, found.uid, found.agreed, found.files, found.differing, pieces


@pytest.fixture(autouse=True, scope="module")
def at_rest() -> Iterator[None]:
    """Files are vouched for by their stats at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "SETTLED_NS", -(10**18))
        patch.setattr(memory, "_PART", 2)  # as much of a few files as a tenth of many
        yield


def write(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(
        root / path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK
    )  # a pipe is refused, not waited for
    with os.fdopen(fd, "w") as file:
        file.write(content)
    now = next(_now)
    os.utime(root / path, ns=(now, now))


def remove(root: Path, path: str) -> None:
    if (root / path).is_dir() and not (root / path).is_symlink():
        shutil.rmtree(root / path)
    else:
        (root / path).unlink()


def moved(root: Path, path: str, other: str) -> None:
    (root / path).rename(root / other)


def doing(act: Callable[..., object], *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Edit]:
    """Something that is done to a directory; what cannot be done is not."""

    def do(drawn: tuple[Any, ...]) -> Edit:
        def edit(root: Path) -> None:
            with contextlib.suppress(OSError):
                act(root, *drawn)

        return edit

    return st.tuples(*values).map(do)


def edits() -> st.SearchStrategy[Edit]:
    """What people do."""
    return st.one_of(
        doing(write, PATHS, st.sampled_from("xyz")),
        doing(write, PATHS, st.sampled_from("xyz")),
        doing(remove, PATHS),
        doing(moved, PATHS, PATHS),
        doing(lambda root, path: (root / path).mkdir(parents=True), PATHS),
        doing(lambda root, path, mode: (root / path).chmod(mode), PATHS, st.sampled_from([0o600, 0o700, 0o755])),
        doing(lambda root, path: (root / path).symlink_to("a"), PATHS),
        doing(lambda root, path, rules: write(root, f"{path}/.hfignore", rules), DIRECTORIES, st.sampled_from(RULES)),
    )


def odd_edits() -> st.SearchStrategy[Edit]:
    """The same, of things that cannot travel: from there on each push looks at everything."""
    return st.one_of(
        doing(lambda root, path: os.mkfifo(root / path), PATHS),
        doing(lambda root, path: (root / path).symlink_to("/etc"), PATHS),
        doing(lambda root: write(root, ".HFAI/b/c", "x")),
    )


# What is done to the directory before each push, and at last, when somebody else has changed something on the platform too.
STEPS = st.lists(st.lists(edits(), max_size=5), min_size=1, max_size=6)
LAST = st.tuples(st.lists(st.one_of(edits(), odd_edits()), max_size=5), st.lists(PATHS, max_size=1))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PATHS, st.sampled_from("xyz")), max_size=8), STEPS, LAST)
def test_it_does_the_same(
    files: list[tuple[str, str]], steps: list[list[Edit]], last: tuple[list[Edit], list[str]]
) -> None:
    """The same is asked of the platform, told to the user, and remembered."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "root")
        root.mkdir()
        for path, content in files:
            with contextlib.suppress(OSError):
                write(root, path, content)
        touched, whole = Side(LocalWorkspace, root, Path(name, "touched")), Side(Whole, root, Path(name, "whole"))
        for step, elsewhere in [([], []), *((step, []) for step in steps), last, ([], [])]:
            for edit in step:
                edit(root)
            for side in (touched, whole):
                side.platform.there.update(dict.fromkeys(elsewhere, "f644 theirs"))
            assert touched.push() == whole.push()
            assert touched.platform.begun == whole.platform.begun
            assert touched.platform.there == whole.platform.there
            assert touched.memory == whole.memory


def test_only_what_was_touched_is_loaded(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number in range(30):
        write(root, f"d{number % 3}/{number}", "x")
    side = Side(LocalWorkspace, root, tmp_path / "state")
    assert side.push().total_files == 30
    write(root, "d1/1", "y")
    write(root, "d1/new/1", "y")
    remove(root, "d2")
    pushed = side.push()
    assert pushed.changed == ("d1/1", "d1/new", "d1/new/1")
    assert len(pushed.removed) == 11
    assert pushed.total_files == 21
    assert {path.partition("/")[0] for path in side.local.known} == {"d0", "d1"}
    assert "d0/0" not in side.local.known


def test_directories_that_are_gone_stay_gone(tmp_path: Path) -> None:
    """Also when what is remembered of others was written anew since."""
    root = tmp_path / "root"
    for number in range(30):
        write(root, f"d{number % 5}/{number}", "x")
    side = Side(LocalWorkspace, root, tmp_path / "state")
    side.push()
    remove(root, "d2")
    assert len(side.push().removed) == 7
    write(root, "d1/1", "y")
    assert side.push().changed == ("d1/1",)
    assert (tmp_path / "state" / "tree.since").exists()
    with contextlib.closing(open_memory(str(tmp_path / "state"))) as found:
        assert "d2/" not in found.directories
    assert side.push() == side.push()._replace(changed=(), removed=())


def test_the_rules_above_count(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for path in ("a/b/c", "a/b/x.log", "x.log", "a/.hfignore", "a/b/d/y"):
        write(root, path, "x")
    write(root, ".hfignore", "*.log\n")
    write(root, "a/.hfignore", "/b/d\n")
    side = Side(LocalWorkspace, root, tmp_path / "state")
    assert side.push().changed == (".hfignore", "a", "a/.hfignore", "a/b", "a/b/c")
    for path in ("a/b/c", "a/b/x.log", "a/b/z.log", "a/b/d/y"):
        write(root, path, "y")
    assert side.push().changed == ("a/b/c",)
    assert {path.rpartition("/")[0] for path in side.local.known} == {"a/b"}


def test_new_pieces_next_to_another_file_do_not_count(tmp_path: Path) -> None:
    """A crash after the whole file was written and before the new pieces of the last one were removed."""
    root, since = tmp_path / "root", tmp_path / "state" / "tree.since"
    for number in range(30):
        write(root, f"d{number % 3}/{number}", "x")
    side = Side(LocalWorkspace, root, tmp_path / "state")
    side.push()
    write(root, "d1/1", "y")
    assert side.push().changed == ("d1/1",)
    before = since.read_bytes()
    for number in range(30):
        write(root, f"d{number % 3}/{number}", "z")
    assert len(side.push().changed) == 30
    assert not since.exists()
    remembered = side.memory
    for content in (b"", before):
        since.write_bytes(content)
        assert side.memory == remembered
    assert side.push().changed == ()


def test_files_that_change_all_the_time_are_looked_for_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look of a push, after something has changed while it was sent, is one at everything."""
    root = tmp_path / "root"
    write(root, "a/1", "x")
    write(root, "b/1", "x")
    side = Side(LocalWorkspace, root, tmp_path / "state")
    side.push()
    write(root, "a/1", "y")
    answers = [{"a/1"}, set()]

    def sent(*_: object) -> set[str]:
        write(root, "b/2", "x")
        return answers.pop(0)

    monkeypatch.setattr(_Push, "_send", sent)
    pushed = side.push()
    assert pushed.changed == ("a/1", "b/2")
    assert pushed.total_files == 3
    assert side.push().changed == ()
