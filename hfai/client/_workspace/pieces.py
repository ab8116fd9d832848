"""A tree as ``.hfai/tree`` holds it, see :mod:`hfai.client._workspace.memory`: taken apart by directory, and put together again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, NamedTuple, Optional

from hfai.client._workspace.memory import Memory, open_memory
from hfai.model.workspace.entry import Known, Tree, packed_tree, unpacked_tree
from hfai.model.workspace.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from hfai.client._workspace.memory import Piece

# What is raised where a memory cannot be used.
UNUSABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)
# What held it before it was kept in pieces.
BEFORE = ("tree.json", "still")
_encoded = json.JSONEncoder(separators=(",", ":")).encode


class Remembered(NamedTuple):
    """A whole tree, the workspace that it agreed with, and per path what the other side had where that was not the same."""

    uid: str
    tree: dict[str, Known]
    differing: dict[str, Optional[str]]


def remembered(state_dir: Path) -> Remembered:
    """All that is remembered.

    Raises:
        UNUSABLE: nothing is, or it cannot be used.
    """
    try:
        memory = open_memory(str(state_dir))
    except FileNotFoundError:
        body = json.loads((state_dir / BEFORE[0]).read_bytes())
        return Remembered(body["uid"], unpacked_tree(body["tree"]), dict(body["differing"]))
    with contextlib.closing(memory):
        return Remembered(memory.uid, tree_of(memory, memory.directories), memory.differing)


def tree_of(memory: Memory, directories: Iterable[str]) -> dict[str, Known]:
    """What is in some directories, as it is remembered.

    Raises:
        UNUSABLE: it cannot be read.
    """
    pieces = [memory.piece(one) for one in directories if one in memory.directories]
    tree: dict[str, Known] = {}
    for (directory, _, _), rows in zip(pieces, json.loads(b"[%b]" % b",".join(piece[2] for piece in pieces))):
        names = unpacked_tree(rows)
        tree.update(zip(map(directory.__add__, names), names.values()))
    return tree


def pieces_of(tree: Tree, *, with_fingerprints: bool) -> dict[str, Piece]:
    """By directory, in the order of a walk: its path, its fingerprint, which is left empty where nobody needs it, its entries."""
    directories: dict[str, dict[str, Known]] = {}
    for path, known in tree.items():
        at = path.rfind("/") + 1
        directories.setdefault(path[:at], {})[path[at:]] = known
    return {
        directory: (
            directory,
            fingerprint_of(directories[directory]) if with_fingerprints else b"",
            _encoded(packed_tree(directories[directory])).encode(),
        )
        for directory in sorted(directories, key=_way)
    }


def _way(directory: str) -> list[str]:
    return directory.split("/")
