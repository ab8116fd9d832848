"""What is on the other side, and its contents as they arrive."""

from __future__ import annotations

import json
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from hfai.client._workspace.connection import Connection
from hfai.client._workspace.local import LocalWorkspace
from hfai.model.errors import RefusedError
from hfai.model.phrase import Phrase
from hfai.model.workspace.entry import DIRECTORY, FILE, LINK, MODE, Entry
from hfai.model.workspace.paths import ensure_path, is_digest, leads_out

_ROUTE = "query/workspace/content"


class Frame(NamedTuple):
    """The beginning of a file; ``size`` is None where there is none (any more)."""

    path: str
    size: Optional[int]


def remote_tree(local: LocalWorkspace, connection: Connection, *, use_ignore: bool) -> dict[str, Entry]:
    """The entries of the other side, without what is left out here; agrees with its uid.

    Raises:
        RefusedError: it names a path that cannot be in a workspace.
    """
    result = connection.ask("query/workspace/tree")["result"]
    local.agree_with(result["uid"])
    is_ignored = local.ignores() if use_ignore else None
    found: dict[str, Entry] = {}
    for path, *values in result["tree"]:
        entry = Entry(*values)
        ensure_path(path)
        if entry.kind == FILE and not is_digest(entry.content):
            raise RefusedError(
                "the path {path} cannot be in a workspace: {problem}",
                path=path,
                problem=Phrase("its content must be a SHA-256 in hex"),
            )
        entry = entry._replace(mode=entry.mode & MODE)
        if entry.kind == LINK and leads_out(path, entry.content):
            continue
        if is_ignored is None or not is_ignored(path, entry.kind == DIRECTORY):
            found[path] = entry
    return dict(sorted(found.items()))


class Incoming:
    """Contents in the order in which they were asked for.

    Args:
        connection: to the other side.
        paths: what to ask for.
        at: of a single one, the byte to begin at.
    """

    def __init__(self, connection: Connection, paths: Sequence[str], at: int = 0) -> None:
        self._connection = connection
        self._blocks = connection.blocks(_ROUTE, {"paths": list(paths), "at": at})
        self._buffer = bytearray()
        self._is_whole = False
        self._frame: Optional[Frame] = None

    def frames(self) -> Iterator[Frame]:
        """Each file; its bytes have to be read with :meth:`data` before the next.

        Raises:
            StreamLost: the answer broke off.
        """
        while True:
            head = self._line()
            if "done" in head:
                return
            yield Frame(str(head["path"]), head["n"])

    def data(self, size: int) -> Iterator[bytes]:
        """The bytes of the file that was begun last; afterwards :attr:`was_stable` says whether it stayed as it was."""
        left = size
        while left:
            if not self._buffer:
                self._more()
            piece = bytes(self._buffer[:left])
            del self._buffer[:left]
            left -= len(piece)
            yield piece
        self._is_whole = bool(self._line()["is_whole"])

    @property
    def was_stable(self) -> bool:
        return self._is_whole

    def _line(self) -> dict[str, Any]:
        while (end := self._buffer.find(b"\n")) < 0:
            self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        head: dict[str, Any] = json.loads(line)
        return head

    def _more(self) -> None:
        block = next(self._blocks, b"")
        if not block:
            raise self._connection.lost("the connection was closed in the middle of the answer")
        self._buffer += block
