"""An engine that is killed before each change that a push makes on the disk: the next finds the tree before or after, and it goes on."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping, NoReturn, Optional, Sequence

import pytest

from hfai.engine.workspaces.occupancy import OwnOccupancy
from hfai.engine.workspaces.workspaces import Workspaces
from hfai.model.workspace.pack import Content, packed
from hfai.model.workspace.paths import parents_of

# By path content and mode; None for a directory.
Files = Mapping[str, tuple[Optional[bytes], int]]
SENT: Files = {"old": (b"one", 0o644), "gone/deep/er": (b"two", 0o755), "sub/same": (b"three", 0o600), "dir": (b"four", 0o644)}
# Renamed since, twice there, changed with its old content elsewhere, a directory in the place of a file, new, and hard to write to.
WANTED: Files = {
    "new": (b"one", 0o644),
    "sub": (None, 0o555),
    "sub/same": (b"five", 0o600),
    "sub/was": (b"three", 0o400),
    "sub/again": (b"two", 0o200),
    "sub/once/more": (b"two", 0o755),
    "sub/once": (None, 0o755),
    "closed": (None, 0o555),
    "closed/one": (b"one", 0o644),
    "dir": (None, 0o700),
    "dir/empty": (b"", 0o644),
    "dir/four": (b"four", 0o644),
}
AFTERWARDS: Files = {"new": (b"six", 0o644), "sub": (b"a file now", 0o644), "dir": (None, 0o755), "dir/one": (b"one", 0o600)}
_CHANGING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.symlink", "os.utime", "os.truncate"}
_KILLED = 99


class Engine:
    """What an engine holds in memory; one that is made anew is one that was started again.

    Attributes:
        working: the directories that tasks work in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / "workspaces"
        self.working: list[str] = []
        self.workspaces = Workspaces(self._root, OwnOccupancy(self._root, lambda: self.working))

    def sends(self, files: Files, *, is_early: bool) -> None:
        contents = [
            Content(hashlib.sha256(data).hexdigest(), mode, 10**18, data, path)
            for path, (data, mode) in files.items()
            if data is not None
        ]
        asyncio.run(self.workspaces.add_pack("u", "x", packed(contents), is_early=is_early))

    def push(self, files: Files, before: Files = MappingProxyType({})) -> None:
        """As a client does that believes that ``before`` is there."""
        rows: list[list[object]] = []
        for path, (data, mode) in files.items():
            entry = ["d", mode, 0, ""] if data is None else ["f", mode, len(data), hashlib.sha256(data).hexdigest()]
            rows.append([path, *entry, 0 if data is None else 10**18, _base(before, path)])
        rows += [[path, *[None] * 5, _base(before, path)] for path in before if path not in files]
        body = {"changes": rows, "force": False, "commit": True}
        begun = asyncio.run(self.workspaces.begin("u", "x", json.dumps(body).encode(), body))
        if begun.done is None:
            missing = {path: one for path, one in files.items() if _digest(one[0]) in begun.missing}
            self.sends(missing, is_early=False)
            assert not asyncio.run(self.workspaces.commit("u", "x", begun.push)).missing

    def found(self) -> tuple[int, Path]:
        record, path = asyncio.run(self.workspaces.head("u", "x"))
        return record.version, path


def _digest(data: Optional[bytes]) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _base(files: Files, path: str) -> Optional[str]:
    if path not in files:
        return None
    data, mode = files[path]
    return f"{'d' if data is None else 'f'}{mode:o} {_digest(data)}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    async def here(work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", here)  # a process that forks has no threads
    yield tmp_path
    for one in tmp_path.rglob("*"):
        if one.is_dir() and not one.is_symlink():
            one.chmod(0o700)


@pytest.mark.parametrize("has_output", [False, True])
@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_first_push(root: Path, is_renamed: bool, has_output: bool) -> None:
    """Its contents have come early; of a push that was cut, also under other names."""
    sent = SENT if is_renamed else WANTED

    def prepared(place: Path) -> None:
        engine = Engine(place)
        asyncio.run(engine.workspaces.create("u", "x"))
        if has_output:
            (engine.found()[1] / "output").write_text("of a task")
        engine.sends(sent, is_early=True)

    for place in _killed_at_each_step(root, prepared, lambda engine: engine.push(WANTED)):
        engine = Engine(place)
        version, tree = engine.found()
        assert _files(tree) == (_expected(WANTED) if version else {}) | ({"output": b"of a task"} if has_output else {})
        engine.push(WANTED)
        _ends_well(engine, WANTED, has_output=has_output)


def test_contents_that_come_early(root: Path) -> None:
    def prepared(place: Path) -> None:
        asyncio.run(Engine(place).workspaces.create("u", "x"))

    for place in _killed_at_each_step(root, prepared, lambda engine: engine.sends(WANTED, is_early=True)):
        engine = Engine(place)
        engine.push(WANTED)
        _ends_well(engine, WANTED)


@pytest.mark.parametrize("is_used", [False, True])
def test_a_push_that_changes_everything(root: Path, is_used: bool) -> None:
    def prepared(place: Path) -> None:
        engine = Engine(place)
        asyncio.run(engine.workspaces.create("u", "x"))
        engine.push(AFTERWARDS)
        engine.push(WANTED, AFTERWARDS)

    def pushed(engine: Engine) -> None:
        if is_used:
            engine.working.append(str(engine.found()[1]))
        engine.push(AFTERWARDS, WANTED)

    for place in _killed_at_each_step(root, prepared, pushed):
        engine = Engine(place)
        version, tree = engine.found()
        assert _files(tree) == _expected(AFTERWARDS if version == 3 else WANTED)
        engine.push(AFTERWARDS, WANTED)
        _ends_well(engine, AFTERWARDS)


def test_removed_and_made_anew(root: Path) -> None:
    """Nothing of the old one is in the new one."""

    def prepared(place: Path) -> None:
        engine = Engine(place)
        asyncio.run(engine.workspaces.create("u", "x"))
        engine.push(WANTED)
        (engine.found()[1] / "output").write_text("of a task")

    for place in _killed_at_each_step(root, prepared, lambda engine: asyncio.run(engine.workspaces.remove("u", "x"))):
        engine = Engine(place)
        if asyncio.run(engine.workspaces.create("u", "x"))[1]:
            assert _files(engine.found()[1]) == {} and engine.found()[0] == 0
            engine.push(SENT)
            _ends_well(engine, SENT)


def _ends_well(engine: Engine, files: Files, *, has_output: bool = False) -> None:
    version, tree = engine.found()
    output = {"output": b"of a task"} if has_output else {}
    assert _files(tree) == _expected(files) | output
    assert {path: (tree / path).stat().st_mode & 0o777 for path in files} == {path: mode for path, (_, mode) in files.items()}
    (record,) = asyncio.run(engine.workspaces.of_user("u"))
    data = [data for data, _ in files.values() if data is not None]
    assert (record.version, record.files, record.size_bytes) == (version, len(data), sum(map(len, data)))
    rows = {row[0]: row[4] for row in json.loads(asyncio.run(engine.workspaces.rows("u", "x"))[1])}
    assert rows.keys() == {*files, *(parent for path in files for parent in parents_of(path)), *output}
    assert {path: rows[path] for path in files} == {path: _digest(data) for path, (data, _) in files.items()}
    top = tree.parents[2]
    assert not (top / "journal.json").exists() and (top / "current/tree").samefile(tree)
    assert [one.name for one in tree.parents[1].iterdir() if one.is_dir() and not one.is_symlink()] == [str(version)]
    asyncio.run(engine.workspaces.remove("u", "x"))
    assert not top.exists()


def _expected(files: Files) -> dict[str, bytes]:
    return {path: data for path, (data, _) in files.items() if data is not None}


def _files(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def _killed_at_each_step(
    root: Path, prepare: Callable[[Path], None], act: Callable[[Engine], None]
) -> Iterator[Path]:
    """A place for each change that ``act`` makes, where it was killed just before it."""
    step = 0
    while True:
        place = root / str(step)
        place.mkdir()
        prepare(place)
        child = os.fork()
        if not child:
            _act_until(step, place, act)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, _KILLED)
        yield place
        if not status:
            return
        step += 1


def _act_until(step: int, place: Path, act: Callable[[Engine], None]) -> NoReturn:
    count = 0

    def change() -> None:
        nonlocal count
        if count == step:
            os._exit(_KILLED)
        count += 1

    def watch(event: str, arguments: Sequence[Any]) -> None:
        if event in _CHANGING or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT):
            change()

    write = os.write

    def watched(fd: int, data: Any, /) -> int:
        change()
        return write(fd, data)

    try:
        gc.disable()
        os.write = watched
        sys.addaudithook(watch)
        act(Engine(place))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
