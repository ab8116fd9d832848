"""What a deputy does, and how it says so. Here everything has the account's rights, and nothing more."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - these two are loaded while they can be: others do so at their first use
import contextlib
import contextvars
import email.parser  # noqa: F401
import inspect
import json
import socket
import traceback
from pathlib import Path
from typing import Any, AsyncIterator, Sequence

from attrs import asdict

from hfai.engine.deputy.frames import BUFFER_BYTES, Frame, receive, send
from hfai.engine.deputy.place import WORKSPACES
from hfai.engine.environments import Environments
from hfai.engine.system import is_full
from hfai.engine.workspaces.workspaces import Workspaces
from hfai.haienv.parcel import read_parcel
from hfai.haienv.places import user_name
from hfai.haienv.registry import Environment
from hfai.model.errors import HfaiError, RefusedError, StorageFull
from hfai.model.phrase import packed

_BEAT_S = 5.0
# What is said, and what is long in it.
Answer = tuple[Any, bytes]
_asking: contextvars.ContextVar[_Stream] = contextvars.ContextVar("asking")


class _Stream:
    """One request's stream: what is said while somebody else speaks waits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()

    async def say(self, told: dict[str, Any], data: bytes = b"") -> None:
        async with self._lock:
            await send(self._writer, told, data)

    async def ask(self, question: dict[str, Any]) -> bool:
        """What the engine answers.

        Raises:
            RefusedError: it cannot do that.
        """
        await self.say(question)
        frame = await receive(self.reader)
        if frame is None:
            raise asyncio.CancelledError
        if "problem" in frame.told:
            raise RefusedError("{message}", message=str(frame.told["problem"]))
        return bool(frame.told["answer"])

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Say every few seconds that something is being done."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(_BEAT_S)
                await self.say({"beat": True})

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _AskedOccupancy:
    """The engine knows who works where, and moves trees."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def is_used(self, place: Path) -> bool:
        return await _asking.get().ask({"ask": "is_used", "place": str(place.relative_to(self._root))})

    async def moved(self, place: Path, name: str) -> bool:
        return await _asking.get().ask({"ask": "move", "place": str(place.relative_to(self._root)), "name": name})


class Work:
    """Everything that can be asked of a deputy.

    Args:
        place: the account's directory.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._workspaces = Workspaces(place / WORKSPACES, _AskedOccupancy(place))
        self._environments = Environments(self._workspaces)

    async def serve(self, stream: socket.socket) -> None:
        """Do what one stream asks for, and say how it went."""
        reader, writer = await asyncio.open_connection(sock=stream, limit=BUFFER_BYTES)
        said = _Stream(reader, writer)
        _asking.set(said)
        try:
            frame = await receive(reader)
            if frame is not None:
                async with said.beating():
                    told, data = await self._done(frame)
                await said.say(told, data)
        except OSError:  # the engine does not listen any more
            pass
        finally:
            writer.close()

    async def _done(self, frame: Frame) -> tuple[dict[str, Any], bytes]:
        work = getattr(self, f"do_{frame.told['do']}")
        long = {"data": frame.data} if "data" in inspect.signature(work).parameters else {}
        try:
            result, data = await work(**long, **frame.told["arguments"])
        except HfaiError as error:
            return {"error": error.to_wire()}, b""
        except OSError as error:
            return {"error": self._refusal(error).to_wire()}, b""
        except Exception:
            return {"bug": traceback.format_exc()}, b""
        return {"result": result}, data

    def _refusal(self, error: OSError) -> HfaiError:
        if is_full(error):
            return StorageFull(path=str(self._place))
        template = "{account}, the account of your tasks, cannot do this at {path}: {reason}; a task of yours can put that right"
        path = error.filename if isinstance(error.filename, str) else str(self._place)
        return RefusedError(template, account=user_name(), path=path, reason=error.strerror or str(error))

    # Workspaces: see :class:`hfai.engine.deputy.workspaces.TheirWorkspaces`

    async def do_create(self, user: str, name: str) -> Answer:
        record, is_new = await self._workspaces.create(user, name)
        return [asdict(record), is_new], b""

    async def do_head(self, user: str, name: str) -> Answer:
        record, path = await self._workspaces.head(user, name)
        return [asdict(record), str(path)], b""

    async def do_list(self, user: str) -> Answer:
        records = await self._workspaces.of_user(user)
        return None, json.dumps([asdict(record) for record in records]).encode()

    async def do_rows(self, user: str, name: str) -> Answer:
        record, rows = await self._workspaces.rows(user, name)
        return asdict(record), rows

    async def do_content(self, data: bytes, user: str, name: str, at: int) -> Answer:
        blocks = await self._workspaces.content(user, name, json.loads(data), at)
        said = _asking.get()
        await said.say({"result": None})
        async for block in blocks:
            await said.say({"result": None}, block)
        return "end", b""

    async def do_remove(self, user: str, name: str) -> Answer:
        await self._workspaces.remove(user, name)
        return None, b""

    async def do_is_staged(self, user: str, name: str) -> Answer:
        return await self._workspaces.is_staged(user, name), b""

    async def do_begin(self, data: bytes, user: str, name: str) -> Answer:
        begun = await self._workspaces.begin(user, name, data, await asyncio.to_thread(json.loads, data))
        done = begun.done and [asdict(begun.done.record), str(begun.done.path)]
        return begun.push, json.dumps([begun.missing, begun.parts, done]).encode()

    async def do_pack(self, data: bytes, user: str, name: str, is_early: bool) -> Answer:
        return await self._workspaces.add_pack(user, name, data, is_early=is_early), b""

    async def do_part(
        self, data: bytes, user: str, name: str, digest: str, at: int, size: int
    ) -> Answer:
        return await self._workspaces.add_part(user, name, digest, at, size, data), b""

    async def do_commit(self, user: str, name: str, push: str) -> Answer:
        done = await self._workspaces.commit(user, name, push)
        return [asdict(done.record), str(done.path)], json.dumps(done.missing).encode()

    # Environments: see :class:`hfai.engine.deputy.environments.TheirEnvironments`

    async def do_install(self, data: bytes, owner: str, force: bool, is_rebuilt: bool) -> Answer:
        told = read_parcel(json.loads(data))
        one = await self._environments.install(owner, told, force=force, is_rebuilt=is_rebuilt)
        return one._asdict(), b""

    async def do_describe(self, data: bytes) -> Answer:
        told = await self._environments.describe(Environment(**json.loads(data)))
        return None, json.dumps(told._asdict()).encode()

    async def do_env_pack(self, data: bytes, owner: str) -> Answer:
        told = await self._environments.pack(owner, Environment(**json.loads(data)))
        return None, json.dumps(told._asdict()).encode()

    async def do_why_rebuilt(self, data: bytes) -> Answer:
        return packed(await self._environments.why_rebuilt(read_parcel(json.loads(data)))), b""

    async def do_unpack(self, owner: str, names: Sequence[str]) -> Answer:
        await self._environments.unpack(owner, names)
        return None, b""

    async def do_env_remove(self, data: bytes) -> Answer:
        await self._environments.remove(Environment(**json.loads(data)))
        return None, b""
