"""The engine's side: starts a deputy when somebody asks for one, talks to it, and lets it go after a rest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Optional, TypeVar

import hfai
from hfai.engine import unix_accounts
from hfai.engine.deputy.frames import BUFFER_BYTES, Frame, receive, send
from hfai.engine.deputy.place import AccountPlace
from hfai.engine.system import storage_errors
from hfai.model.errors import RefusedError, from_wire

# It says something every few seconds, however long something takes.
SILENT_S = 30.0
_REST_S = 30.0
_END_S = 5.0
_MOST_LOGGED = 4000
_ACCOUNTS = "accounts"
_log = logging.getLogger("hfai.engine")
_T = TypeVar("_T")

# As the launcher is started: files of no directory stand in for those of the library.
_COMMAND = """
import sys
sys.path[:] = [*sys.path[1:], sys.argv.pop()]
from hfai.engine.deputy.main import main
sys.exit(main())
"""


class Deputies:
    """Those of an engine, by account. For the thread of the event loop.

    Args:
        root: the engine's own directory in ``task_dir``.
        working: the directories that unfinished tasks work in, as they were told.
    """

    def __init__(self, root: Path, working: Callable[[], Collection[str]]) -> None:
        self._root = root / _ACCOUNTS
        self._working = working
        self._deputies: dict[str, Deputy] = {}

    def of(self, unix_name: str) -> Deputy:
        """The deputy of an account; nothing is started yet.

        Raises:
            RefusedError: this machine has no such account.
        """
        deputy = self._deputies.get(unix_name)
        if deputy is not None and deputy.is_running:
            return deputy
        account = unix_accounts.find(unix_name)
        if account is None or "/" in unix_name or unix_name.startswith("."):
            template = "there is no account {account} on the engine's machine that tasks could run under"
            raise RefusedError(template, account=unix_name)
        if deputy is None or deputy.place.account != account:
            deputy = self._deputies[unix_name] = Deputy(AccountPlace(self._root, account), self._working)
        return deputy

    def close(self) -> None:
        """End them; what they were doing is taken up again when it is asked for. Blocks for a moment."""
        for deputy in self._deputies.values():
            deputy.end()
        self._deputies.clear()


class Deputy:
    """One account's.

    Args:
        place: where it works.
        working: see :class:`Deputies`.
    """

    def __init__(self, place: AccountPlace, working: Callable[[], Collection[str]]) -> None:
        self.place = place
        self._working = working
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._control: Optional[socket.socket] = None
        self._open = 0
        self._rest: Optional[asyncio.TimerHandle] = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process of it now."""
        return self._process is not None and self._process.poll() is None

    async def call(self, do: str, data: bytes = b"", /, **arguments: Any) -> Frame:
        """Have it do something: ``result`` of the answer's ``told`` is what it says.

        Args:
            do: one of the works of :mod:`hfai.engine.deputy.work`.
            data: what is long.
            arguments: plain values.

        Raises:
            HfaiError: what the work raised; RefusedError: the deputy has died or says nothing any more.
        """
        async with self._connection() as (reader, writer):
            await self._within(send(writer, {"do": do, "arguments": arguments}, data))
            return await self._answer(reader, writer)

    async def blocks(self, do: str, data: bytes = b"", /, **arguments: Any) -> AsyncGenerator[bytes, None]:
        """Have it do something that answers with one block after the other; the first is empty and says that it has begun.

        Raises:
            HfaiError: see :meth:`call`.
        """
        async with self._connection() as (reader, writer):
            await self._within(send(writer, {"do": do, "arguments": arguments}, data))
            while (frame := await self._answer(reader, writer)).told["result"] != "end":
                yield frame.data

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Frame:
        while True:
            frame = await self._within(receive(reader))
            if frame is None:
                raise self._gone()
            told = frame.told
            if "error" in told:
                raise from_wire(told["error"])
            if "bug" in told:
                _log.error("the deputy of %s: %s", self.place.account.name, str(told["bug"])[-_MOST_LOGGED:])
                raise RefusedError("the engine could not do this: its log says why")
            if "ask" in told:
                await self._within(send(writer, self._told(told)))
            elif "result" in told:
                return frame

    def _told(self, question: dict[str, Any]) -> dict[str, Any]:
        """What only the engine knows, or may do: nothing else happens on the loop meanwhile."""
        place = str(question.get("place"))
        try:
            if question["ask"] == "is_used":
                return {"answer": self.place.is_used(place, self._working())}
            return {"answer": self.place.move_unless_used(place, str(question.get("name")), self._working())}
        except (OSError, ValueError, RefusedError) as error:
            return {"problem": str(error)}

    async def _within(self, work: Awaitable[_T]) -> _T:
        try:
            return await asyncio.wait_for(work, SILENT_S)
        except (asyncio.TimeoutError, OSError, ValueError):
            self.end()
            raise self._gone() from None

    def _gone(self) -> RefusedError:
        template = "what works for {account} on the engine's machine was ended, or says nothing any more: try again"
        return RefusedError(template, account=self.place.account.name)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A stream to it for one request; starts it if it does not run."""
        self._stay()
        self._open += 1
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._hand_over(theirs)
            reader, writer = await asyncio.open_connection(sock=ours, limit=BUFFER_BYTES)
            try:
                yield reader, writer
            finally:
                writer.close()
        finally:
            ours.close()
            self._open -= 1
            if not self._open:
                self._rest = asyncio.get_running_loop().call_later(_REST_S, self.end)

    def _hand_over(self, stream: socket.socket) -> None:
        for _ in range(2):
            if not self.is_running:
                self.end()
                self._start()
            assert self._control is not None
            try:
                socket.send_fds(self._control, [b"+"], [stream.fileno()])
                return
            except OSError:  # it is just ending, or does not take what is sent to it
                self.end()
        raise self._gone()

    def _start(self) -> None:
        with storage_errors(self.place.path):
            self.place.make()
        account = self.place.account
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            library = str(Path(hfai.__file__).parent.parent)
            words = [account.name, str(self.place.path), str(self.place.lock), library]
            self._process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, *words], stdin=theirs.fileno(), cwd="/", start_new_session=True
            )

    def _stay(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def end(self) -> None:
        """End it; the next request starts another. May be called twice."""
        self._stay()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            self._process = None
