"""The environments of haienv that users have brought to the platform: made of what was pushed, described, and removed again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Optional, Sequence

from hfai.engine.workspaces.workspaces import Workspaces
from hfai.haienv import creating
from hfai.haienv.arriving import put_together, rebuild
from hfai.haienv.parcel import Parcel, parcel, tree_names, why_rebuilt
from hfai.haienv.registry import Environment
from hfai.model.errors import WorkspaceNotFound
from hfai.model.phrase import Phrase


class Environments:
    """See the module.

    Args:
        workspaces: where their trees are while they travel.
    """

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def why_rebuilt(self, told: Parcel) -> Optional[Phrase]:
        """Why one has to be made again here from its lock; None where its files can be used."""
        return await asyncio.to_thread(why_rebuilt, told)

    async def install(self, owner: str, told: Parcel, *, force: bool, is_rebuilt: bool) -> Environment:
        """Make one of the trees that were pushed, or of its lock; returns when it is whole.

        Args:
            owner: whose it is to be: a user's name on the platform.
            told: what it was where it comes from.
            force: whether it may replace one of that name.
            is_rebuilt: whether it is made of its lock.

        Raises:
            NameInUse: there is one; HfaiError: it could not be made. Nothing stays then.
        """
        if is_rebuilt:
            return await asyncio.to_thread(rebuild, told, owner, replace=force)
        names = tree_names(told.name, told.trees)
        trees = [(await self._workspaces.head(owner, name))[1] for name in names]
        one = await asyncio.to_thread(put_together, told, lambda _: trees, owner, replace=force)
        await self.unpack(owner, names)
        return one

    async def describe(self, one: Environment) -> Parcel:
        """What one is; runs its Python.

        Raises:
            UsageError: that does not run any more.
        """
        return (await asyncio.to_thread(parcel, one))[0]

    async def pack(self, owner: str, one: Environment) -> Parcel:
        """Put its trees where their owner can pull them from."""
        told, places = await asyncio.to_thread(parcel, one)
        for name, place in zip(tree_names(told.name, told.trees), places):
            await self._workspaces.fill(owner, name, place)
        return told

    async def unpack(self, owner: str, names: Sequence[str]) -> None:
        """Forget the trees of those names."""
        for name in names:
            with contextlib.suppress(WorkspaceNotFound):
                await self._workspaces.remove(owner, name)

    async def remove(self, one: Environment) -> None:
        """Remove one.

        Raises:
            RefusedError: a running task uses it.
        """
        await asyncio.to_thread(creating.remove, one.name, one.owner)
