"""The environments of users whose tasks have an account of their own: the same calls as :class:`Environments` has, done by its deputy.

The files are the account's, and so is the registry beside them, by which its deputy knows its own leftovers. What tasks look
at is the engine's registry: a row is copied there when its environment is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Optional, Sequence

from hfai.engine.deputy.deputies import Deputy
from hfai.engine.deputy.place import ENVIRONMENTS
from hfai.haienv.creating import ensure_unused
from hfai.haienv.parcel import Parcel, read_parcel
from hfai.haienv.registry import Environment, delete, environments, insert, own_registry
from hfai.model.errors import EnvironmentNotFound, RefusedError
from hfai.model.phrase import unpacked


class TheirEnvironments:
    """See :class:`hfai.engine.environments.Environments` for what each call does and raises.

    Args:
        deputy: of the account.
        root: where the engine's registries are.
    """

    def __init__(self, deputy: Deputy, root: Path) -> None:
        self._deputy = deputy
        self._root = root

    async def why_rebuilt(self, told: Parcel) -> Optional[str]:
        frame = await self._deputy.call("why_rebuilt", json.dumps(told._asdict()).encode())
        why: Optional[str] = unpacked(frame.told["result"])
        return why

    async def install(self, owner: str, told: Parcel, *, force: bool, is_rebuilt: bool) -> Environment:
        known = any(one.name == told.name for one in environments(owner, self._root))
        # What only the account's registry has is of an engine that was killed before it knew of it.
        data, force = json.dumps(told._asdict()).encode(), force or not known
        frame = await self._deputy.call("install", data, owner=owner, force=force, is_rebuilt=is_rebuilt)
        one = Environment(**frame.told["result"])
        if one.owner != owner or Path(one.path).parent != self._deputy.place.path / ENVIRONMENTS / owner:
            raise RefusedError("{path} is no place for an environment", path=one.path)
        await asyncio.to_thread(self._write, one)
        return one

    async def describe(self, one: Environment) -> Parcel:
        frame = await self._deputy.call("describe", json.dumps(one._asdict()).encode())
        return read_parcel(json.loads(frame.data))

    async def pack(self, owner: str, one: Environment) -> Parcel:
        frame = await self._deputy.call("env_pack", json.dumps(one._asdict()).encode(), owner=owner)
        return read_parcel(json.loads(frame.data))

    async def unpack(self, owner: str, names: Sequence[str]) -> None:
        await self._deputy.call("unpack", owner=owner, names=names)

    async def remove(self, one: Environment) -> None:
        await asyncio.to_thread(ensure_unused, one)
        with contextlib.suppress(EnvironmentNotFound):
            await self._deputy.call("env_remove", json.dumps(one._asdict()).encode())
        await asyncio.to_thread(self._forget, one)

    def _write(self, one: Environment) -> None:
        with own_registry(one.owner, self._root) as db:
            insert(db, one)

    def _forget(self, one: Environment) -> None:
        with own_registry(one.owner, self._root) as db:
            delete(db, one.name)
