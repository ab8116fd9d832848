"""The workspaces of users whose tasks have an account of their own: the same calls as :class:`Workspaces` has, done by its deputy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, AsyncGenerator, Mapping, Sequence

from hfai.engine.deputy.deputies import Deputy
from hfai.engine.workspaces.folder import Record
from hfai.engine.workspaces.workspaces import Begun, Committed


class TheirWorkspaces:
    """See :class:`hfai.engine.workspaces.workspaces.Workspaces` for what each call does and raises.

    Args:
        deputy: of the account.
    """

    def __init__(self, deputy: Deputy) -> None:
        self._deputy = deputy

    async def create(self, user_name: str, name: str) -> tuple[Record, bool]:
        record, is_new = (await self._deputy.call("create", user=user_name, name=name)).told["result"]
        return Record(**record), bool(is_new)

    async def head(self, user_name: str, name: str) -> tuple[Record, Path]:
        record, path = (await self._deputy.call("head", user=user_name, name=name)).told["result"]
        return Record(**record), Path(path)

    async def of_user(self, user_name: str) -> list[Record]:
        frame = await self._deputy.call("list", user=user_name)
        return [Record(**record) for record in json.loads(frame.data)]

    async def rows(self, user_name: str, name: str) -> tuple[Record, bytes]:
        frame = await self._deputy.call("rows", user=user_name, name=name)
        return Record(**frame.told["result"]), frame.data

    async def content(self, user_name: str, name: str, paths: Sequence[str], at: int) -> AsyncGenerator[bytes, None]:
        blocks = self._deputy.blocks("content", json.dumps(paths).encode(), user=user_name, name=name, at=at)
        await blocks.__anext__()
        return blocks

    async def remove(self, user_name: str, name: str) -> None:
        await self._deputy.call("remove", user=user_name, name=name)

    async def is_staged(self, user_name: str, name: str) -> bool:
        return bool((await self._deputy.call("is_staged", user=user_name, name=name)).told["result"])

    async def begin(self, user_name: str, name: str, raw: bytes, body: Any) -> Begun:
        frame = await self._deputy.call("begin", raw, user=user_name, name=name)
        missing, parts, done = json.loads(frame.data)
        return Begun(frame.told["result"], missing, parts, done and Committed(Record(**done[0]), Path(done[1]), []))

    async def add_pack(self, user_name: str, name: str, body: bytes, *, is_early: bool) -> int:
        frame = await self._deputy.call("pack", body, user=user_name, name=name, is_early=is_early)
        return int(frame.told["result"])

    async def add_part(self, user_name: str, name: str, digest: str, at: int, size: int, data: bytes) -> int:
        frame = await self._deputy.call("part", data, user=user_name, name=name, digest=digest, at=at, size=size)
        return int(frame.told["result"])

    async def take_copy(self, user_name: str, name: str, digest: str, path: str, stat: Mapping[str, int]) -> bool:
        """Only for the owner of the engine: never."""
        return False

    async def commit(self, user_name: str, name: str, push: str) -> Committed:
        frame = await self._deputy.call("commit", user=user_name, name=name, push=push)
        record, path = frame.told["result"]
        return Committed(Record(**record), Path(path), json.loads(frame.data))
