"""``names`` and ``places``: what Tab offers, kept by the engine so that completion asks nobody (docs/architecture.md)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Iterable, Optional

from hfai.engine.store.database import Database
from hfai.engine.store.listing import newest
from hfai.engine.system import write_atomic
from hfai.model.records import Node

FILE_NAME = "names"
PLACES = "places"
MOST = 500
_EVERY_S = 0.2
_log = logging.getLogger(__name__)


class NamesFile:
    """Keeps the file in step with the store: written at once after a rest, otherwise at most every 0.2 s.

    Args:
        path: the file.
        db: the store.
        user_name: whose tasks; those of others are not reached by name.
    """

    def __init__(self, path: Path, db: Database, user_name: str) -> None:
        self._path = path
        self._db = db
        self._user_name = user_name
        self._later: Optional[asyncio.TimerHandle] = None
        self._not_before = 0.0

    def refresh_later(self) -> None:
        """Something has changed."""
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_at(max(loop.time(), self._not_before), self._refresh_now)

    def _refresh_now(self) -> None:
        self._not_before = asyncio.get_running_loop().time() + _EVERY_S
        self.refresh()

    def refresh(self) -> None:
        """Write the file now; a disk that cannot take it keeps the old one."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        lines = [f"{run_id}\t{name}\t{status}\n" for run_id, name, status in newest(self._db, self._user_name, MOST)]
        try:
            write_atomic(self._path, "".join(lines).encode())
        except OSError as error:
            _log.warning("the names for completion were not written: %s", error)

    def close(self) -> None:
        """Write what is left to write."""
        if self._later is not None:
            self.refresh()


def write_places(path: Path, nodes: Iterable[Node]) -> None:
    """Write which nodes there are, each with its group; a disk that cannot take it keeps the old file."""
    lines = [f"{node.name}\t{node.group}\n" for node in nodes]
    try:
        write_atomic(path, "".join(lines).encode())
    except OSError as error:
        _log.warning("the nodes for completion were not written: %s", error)
