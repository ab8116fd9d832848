"""Which trees are used, and moving one that is not: nobody can come into it between the question and the move."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Collection, Protocol


class Occupancy(Protocol):
    """Knows where tasks that have not finished work."""

    async def is_used(self, place: Path) -> bool:
        """Whether one works in a directory, or below it."""
        ...

    async def moved(self, place: Path, name: str) -> bool:
        """Give a directory another name in the directory that it is in, unless one works in it; whether that was done.

        Raises:
            OSError: it cannot be.
        """
        ...


class OwnOccupancy:
    """The occupancy of trees of the engine's own account.

    Args:
        root: the directory that they are in; what tasks work in below it may be a link of ours to where the tree is now.
        working: the directories that unfinished tasks work in, as they were told.
    """

    def __init__(self, root: Path, working: Callable[[], Collection[str]]) -> None:
        self._root = f"{root}/"
        self._working = working

    async def is_used(self, place: Path) -> bool:
        """See :class:`Occupancy`."""
        root = os.path.realpath(place) + "/"
        found = (os.path.realpath(one) if one.startswith(self._root) else one for one in self._working())
        return any(f"{one}/".startswith(root) for one in found)

    async def moved(self, place: Path, name: str) -> bool:
        """See :class:`Occupancy`. Both happen in one go: nothing else runs on the loop meanwhile."""
        if await self.is_used(place):
            return False
        place.rename(place.with_name(name))
        return True
