"""Lists that have to look at every name: in a thread and through a connection of their own, so that nobody else waits for them.

A part of a name is in no index: a tenth of a microsecond for each name of a user, a tenth of a second for 10^6.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from hfai.engine.queries import ListQuery
from hfai.engine.store.database import Snapshot
from hfai.engine.store.listing import list_chains


class Searches:
    """Answers one search after the other; the thread is there from the first one on.

    Args:
        path: the file of the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")

    async def list_chains(self, query: ListQuery, user_name: str) -> tuple[list[int], int]:
        """As :func:`hfai.engine.store.listing.list_chains`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._search, query, user_name)

    def _search(self, query: ListQuery, user_name: str) -> tuple[list[int], int]:
        with closing(Snapshot(self._path)) as db:
            return list_chains(db, query, user_name)

    def close(self) -> None:
        """Wait for the search that is on, and end the thread."""
        self._thread.shutdown()
