"""Where the files of one workspace are, and the record that says which of its trees counts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Mapping, Optional
from urllib.parse import quote

from attrs import asdict, frozen

from hfai.engine.system import write_atomic
from hfai.engine.workspaces.index import Index, read_index, write_index
from hfai.model.errors import RefusedError, WorkspaceNotFound
from hfai.model.plain_file import read_plain
from hfai.model.workspace.entry import Known, Tree, packed_tree, unpacked_tree
from hfai.model.workspace.paths import NAME, ensure_name


@frozen
class Record:
    """What ``workspace.json`` holds.

    Attributes:
        uid: tells it from another of the same name that was there before.
        version: counts pushes; 0 before the first. The tree is ``generations/VERSION``.
        files, size_bytes: of what was pushed last, in all.
        created_at, pushed_at: seconds since the epoch; None before the first push.
    """

    uid: str
    name: str
    user_name: str
    created_at: float
    version: int = 0
    pushed_at: Optional[float] = None
    files: int = 0
    size_bytes: int = 0


class Folder:
    """The directory of one workspace.

    Args:
        root: the directory of all workspaces.
        user_name: whose.
        name: checked already.
    """

    def __init__(self, root: Path, user_name: str, name: str) -> None:
        self.name = name
        self.path = user_dir(root, user_name) / ensure_name(name)
        self.generations = self.path / "generations"
        self.staging = self.path / "staging"
        self.pushes = self.path / "pushes"
        self.journal = self.path / "journal.json"
        self.current = self.path / "current"

    @property
    def exists(self) -> bool:
        return (self.path / "workspace.json").is_file()

    def record(self) -> Record:
        """Raises WorkspaceNotFound where there is none, RefusedError where it holds something else."""
        try:
            record = Record(**json.loads(read_plain(self.path / "workspace.json")))
            if not is_record(record):
                raise TypeError("a value is of another type")
            return record
        except FileNotFoundError:
            raise WorkspaceNotFound(name=self.name) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise self.damaged() from error

    def damaged(self) -> RefusedError:
        """Somebody else has written into its files."""
        template = "what the platform knows of workspace {name} is damaged: `hai-cli workspace remove {name}`, then init and push again"
        return RefusedError(template, name=self.name)

    def forget_pushes(self, before: float) -> None:
        """Remove the plans of pushes that were begun before a moment and have been given up."""
        for one in self.pushes.iterdir():
            if one.lstat().st_mtime < before:
                one.unlink()

    def write_record(self, record: Record) -> None:
        write_atomic(self.path / "workspace.json", json.dumps(asdict(record)).encode(), durable=True)

    def make(self, record: Record) -> None:
        """Make the directories of a new, empty workspace; the record last. What a removal that was cut off has left goes."""
        remove_tree(self.path)
        for one in (self.path.parent.parent, self.path.parent, self.path, self.generations, self.staging, self.pushes):
            one.mkdir(mode=0o700, exist_ok=True)
        (self.tree(0)).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_index(self.generation(0), Index({}))
        self.point_to(0)
        self.write_record(record)

    def generation(self, version: int) -> Path:
        return self.generations / str(version)

    def building(self, version: int) -> Path:
        return self.generations / f"{version}.building"

    def tree(self, version: int) -> Path:
        return self.generation(version) / "tree"

    def older(self, version: int) -> list[int]:
        """The versions beside ``version`` whose trees are still there, newest first."""
        with os.scandir(self.generations) as listing:
            found = [int(item.name) for item in listing if item.name.isdecimal() and item.is_dir(follow_symlinks=False)]
        return sorted((number for number in found if number != version), reverse=True)

    def index(self, version: int) -> Mapping[str, Known]:
        """What was pushed into a tree, with the stats that its files had then; to be read only."""
        return read_index(self.generation(version)).tree

    def point_to(self, version: int) -> None:
        """Let ``current``, and by it the names of trees that are gone, lead to a tree."""
        beside = self.path / ".current.new"
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        beside.symlink_to(Path("generations", str(version)))
        beside.rename(self.current)

    def forward(self, version: int) -> None:
        """Let the name of a tree that is gone lead to the current one: a finished task that is resumed looks there."""
        with contextlib.suppress(FileExistsError):
            self.generation(version).symlink_to(Path("..", "current"))

    def remove(self) -> None:
        """Remove everything; the record first, so that what a crash leaves is no workspace any more."""
        (self.path / "workspace.json").unlink()
        shutil.rmtree(self.path, onerror=_make_writable)


def is_record(record: Record) -> bool:
    """Whether the values are what they are to be."""
    texts, counts = (record.uid, record.name, record.user_name), (record.version, record.files, record.size_bytes)
    times = (record.created_at, 0 if record.pushed_at is None else record.pushed_at)
    return (
        all(isinstance(one, str) and one.isprintable() for one in texts)
        and all(type(one) is int and 0 <= one < 2**63 for one in counts)
        and all(type(one) in (int, float) and 0 <= one < 2**63 for one in times)
    )


def user_dir(root: Path, user_name: str) -> Path:
    """Where the workspaces of a user are; no name can be ``..`` or hold a slash then."""
    return root / f"u-{quote(user_name, safe='')}"


def names_of(root: Path, user_name: str) -> list[str]:
    """The names of a user's workspaces."""
    place = user_dir(root, user_name)
    if not place.is_dir():
        return []
    return sorted(
        one.name for one in place.iterdir() if NAME.fullmatch(one.name) and (one / "workspace.json").is_file()
    )


def read_tree(path: Path) -> dict[str, Known]:
    """A tree that :func:`write_tree` has written; empty where there is none."""
    try:
        return unpacked_tree(json.loads(read_plain(path)))
    except FileNotFoundError:
        return {}


def write_tree(path: Path, tree: Tree) -> None:
    write_atomic(path, json.dumps(packed_tree(tree)).encode())


def remove_tree(path: Path) -> None:
    """Remove a tree, directories without write permission included."""
    if path.exists():
        shutil.rmtree(path, onerror=_make_writable)


def _make_writable(_function: Any, name: str, _error: Any) -> None:
    """What could not be removed: its directory, or itself, lacks the permission."""
    path = Path(name)
    for one in (path.parent, path):
        if not one.is_symlink():
            with contextlib.suppress(OSError):
                one.chmod(0o700)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
