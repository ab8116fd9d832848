"""Whoever waits for a chain, or for the tokens of a user, to change is woken, without asking again and again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Iterator


class Change:
    """Word that something of the watched chains has changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._chain_ids: set[str] = set()

    async def changed(self) -> None:
        """Return when something has changed since the last return, or since the watch began. May be cancelled."""
        await self._event.wait()
        self._event.clear()

    def take(self) -> set[str]:
        """The chains that have changed since they were last taken."""
        taken, self._chain_ids = self._chain_ids, set()
        return taken

    def tell(self, chain_id: str) -> None:
        """Something of a chain has changed."""
        self._chain_ids.add(chain_id)
        self._event.set()


class Watches:
    """The watches on all chains."""

    def __init__(self) -> None:
        self._by_chain: dict[str, set[Change]] = {}

    @contextlib.contextmanager
    def watch(self, *chain_ids: str) -> Iterator[Change]:
        """Watch chains, each named once, while the block runs; several may watch the same."""
        change = Change()
        for chain_id in chain_ids:
            self._by_chain.setdefault(chain_id, set()).add(change)
        try:
            yield change
        finally:
            for chain_id in chain_ids:
                watching = self._by_chain[chain_id]
                watching.discard(change)
                if not watching:
                    del self._by_chain[chain_id]

    def tell(self, chain_id: str) -> None:
        """Something of a chain has changed."""
        for change in self._by_chain.get(chain_id, ()):
            change.tell(chain_id)

    @property
    def chain_ids(self) -> list[str]:
        """The chains that somebody watches."""
        return list(self._by_chain)
