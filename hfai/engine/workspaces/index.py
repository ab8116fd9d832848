"""``index.json`` of a tree: what was pushed into it, and beside it in ``index.since.json`` what has changed since that was written.

So a push of ten files writes ten rows and not all of them. The second file names the first by its id: next to any other it
counts for nothing, and whichever of the two a crash leaves unwritten, what is read is the tree before or after.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import Any, Collection, Iterator, MutableMapping, Optional

from hfai.engine.system import write_atomic
from hfai.model.plain_file import read_plain
from hfai.model.workspace.entry import FILE, Known, packed_tree, unpacked_tree

NAME = "index.json"
_SINCE = "index.since.json"
# What has changed is written by itself as long as it is at most such a part of the whole.
_PART = 20
# What a file raises that a loss of power has emptied.
_UNUSABLE = (ValueError, LookupError, TypeError, RecursionError)


class Index(MutableMapping[str, Known]):
    """The entries by path, in no order; counts and remembers what changes.

    Args:
        tree: the entries; its own from here on.
        whole: the id of the file that holds them; empty if none does.
        since: the paths that are not as in that file.

    Attributes:
        tree: the entries, to be read.
        files, size_bytes: how many are files, and what these hold.
        whole, since: see above.
    """

    def __init__(self, tree: dict[str, Known], whole: str = "", since: Collection[str] = ()) -> None:
        self.tree = tree
        self.whole = whole
        self.since = set(since)
        sizes = [known.size for known in tree.values() if known.kind == FILE]
        self.files, self.size_bytes = len(sizes), sum(sizes)

    def copy(self) -> Index:
        """Another that may be changed without this one."""
        made = Index({}, self.whole, self.since)
        made.tree, made.files, made.size_bytes = dict(self.tree), self.files, self.size_bytes
        return made

    def __getitem__(self, path: str) -> Known:
        return self.tree[path]

    def __setitem__(self, path: str, known: Known) -> None:
        self._count(self.tree.get(path), -1)
        self._count(known, 1)
        self.since.add(path)
        self.tree[path] = known

    def __delitem__(self, path: str) -> None:
        self._count(self.tree.pop(path), -1)
        self.since.add(path)

    def __contains__(self, path: object) -> bool:
        return path in self.tree

    def __iter__(self) -> Iterator[str]:
        return iter(self.tree)

    def __len__(self) -> int:
        return len(self.tree)

    def _count(self, known: Optional[Known], sign: int) -> None:
        if known is not None and known.kind == FILE:
            self.files += sign
            self.size_bytes += sign * known.size


# What was read or written last: one push asks for its own several times.
_last: tuple[tuple[int, ...], Index] = ((), Index({}))


def read_index(place: Path) -> Index:
    """What :func:`write_index` has written into a directory; empty where it has not, or a loss of power has emptied it.

    Others read it too: who changes it makes a copy.
    """
    global _last
    try:
        key, last = _key(place), _last  # once: other threads are at other workspaces
        if key != last[0]:
            last = _last = (key, _read(place))
    except (FileNotFoundError, *_UNUSABLE):
        return Index({})
    return last[1]


def write_index(place: Path, index: Index) -> None:
    """Write what has changed, or all of it; done again after a crash, it ends the same. Others may read ``index`` from here on."""
    global _last
    if not index.whole or len(index.since) * _PART > len(index):
        index.whole = secrets.token_hex(16)
        index.since.clear()
        body: dict[str, Any] = {"id": index.whole, "tree": packed_tree(dict(sorted(index.tree.items())))}
        write_atomic(place / NAME, json.dumps(body).encode())
        with contextlib.suppress(FileNotFoundError):
            (place / _SINCE).unlink()
    else:
        now = {path: index[path] for path in sorted(index.since) if path in index.tree}
        body = {"of": index.whole, "tree": packed_tree(now), "gone": sorted(index.since - now.keys())}
        write_atomic(place / _SINCE, json.dumps(body).encode())
    _last = (_key(place), index)


def _read(place: Path) -> Index:
    body = json.loads(read_plain(place / NAME))
    if isinstance(body, list):  # written by an engine from before there were two files
        return Index(unpacked_tree(body))
    tree, since = unpacked_tree(body["tree"]), set()
    with contextlib.suppress(FileNotFoundError, *_UNUSABLE):
        change = json.loads(read_plain(place / _SINCE))
        if change["of"] == body["id"]:
            now, gone = unpacked_tree(change["tree"]), change["gone"]
            tree.update(now)
            for path in gone:
                tree.pop(path, None)
            since = {*now, *gone}
    return Index(tree, body["id"], since)


def _key(place: Path) -> tuple[int, ...]:
    """What tells the two files from any other, and from what they were before; not their path, which changes in a commit."""
    key = _stat(place / NAME)
    with contextlib.suppress(FileNotFoundError):
        key += _stat(place / _SINCE)
    return key


def _stat(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
