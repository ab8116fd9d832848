"""The daemon's side of a guest: its streams and word of its end (hfai.engine.supervise.guests)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import socket
import struct
import termios
from typing import Callable, Optional, Sequence

from attrs import frozen

BLOCK_BYTES = 1 << 18
# After the end: a process that it has left behind may hold its streams open and even go on writing.
_LAST_S = 0.05
_LAST_BYTES = 4 << 20


@frozen
class GuestEnd:
    """How a guest ended.

    Attributes:
        exit_status: its code, 128 + N for signal N.
        run_ended: whether it had to end because the task did.
    """

    exit_status: int
    run_ended: bool


class Guest:
    """One guest that runs. For the thread of the event loop.

    Args:
        peer: the connection to its supervisor; closing it makes the guest end.
        fds: a terminal, or its stdin, stdout and stderr; closed with it.

    Attributes:
        end: how it ended, None while it runs.
        is_over: whether it has ended and all of its output was read.
    """

    def __init__(self, peer: socket.socket, fds: Sequence[int]) -> None:
        self._peer = peer
        peer.setblocking(False)
        for fd in fds:
            os.set_blocking(fd, False)
        self.is_terminal = len(fds) == 1
        self._open = set(fds)
        self._input: Optional[int] = fds[0]
        self._outputs = {fd: number for number, fd in enumerate(fds[-2:], start=1)}
        self._said = b""
        self._is_closed = False
        self._writing = asyncio.Lock()
        self._waits: set[_Wait] = set()
        self._left = _LAST_BYTES
        self.end: Optional[GuestEnd] = None
        self.is_over = False

    async def read(self, timeout_s: float) -> list[tuple[int, bytes]]:
        """What it writes, as soon as there is something: 1 and bytes of stdout or the terminal, 2 and bytes of stderr.

        Empty when the time is up, or at the end; then :attr:`is_over` is true. Nothing is taken from it before it is asked
        for, so a guest whose output nobody takes waits.
        """
        if self.end is None:
            ready = await self._ready([*self._outputs, self._peer.fileno()], timeout_s)
            if self._peer.fileno() in ready:
                ready.remove(self._peer.fileno())
                self._hear()
            return self._blocks(ready)
        ready = await self._ready(list(self._outputs), _LAST_S) if self._outputs and self._left > 0 else []
        self.is_over = not ready
        blocks = self._blocks(ready)
        self._left -= sum(len(data) for _, data in blocks)
        return blocks

    async def _ready(self, fds: Sequence[int], timeout_s: float, *, to_write: bool = False) -> list[int]:
        """Those that are ready as soon as one is; none when the time is up or it has been closed."""
        wait = _Wait(fds, to_write=to_write)
        self._waits.add(wait)
        try:
            await wait.wait(timeout_s)
        finally:
            self._waits.discard(wait)
        return [] if self._is_closed else wait.ready

    def _blocks(self, fds: Sequence[int]) -> list[tuple[int, bytes]]:
        return [block for block in map(self._read, fds) if block is not None]

    def _read(self, fd: int) -> Optional[tuple[int, bytes]]:
        try:
            data = os.read(fd, BLOCK_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.EIO:  # nobody has the other side of the terminal open
                raise
            data = b""
        number = self._outputs[fd]
        if data:
            return number, data
        del self._outputs[fd]
        if fd != self._input:
            self._close(fd)
        return None

    def _close(self, fd: int) -> None:
        self._open.discard(fd)
        os.close(fd)

    def _hear(self) -> None:
        try:
            said = self._peer.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self._said += said
        if self._said.endswith(b"\n"):
            record = json.loads(self._said)
            self.end = GuestEnd(int(record["exit_status"]), bool(record["run_ended"]))
        elif not said:  # the supervisor was killed, and the guest with it
            self.end = GuestEnd(137, True)

    async def write(self, data: bytes, patience_s: float) -> Optional[int]:
        """Give it input.

        Returns:
            How many bytes it took within the time; None if it takes none any more.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        taken = 0
        async with self._writing:
            while taken < len(data):
                if self._input is None or self._is_closed:
                    return None
                try:
                    taken += os.write(self._input, memoryview(data)[taken : taken + BLOCK_BYTES])
                    continue
                except BlockingIOError:
                    pass
                except OSError:
                    self._close_input()
                    return None
                left_s = deadline - loop.time()
                if left_s <= 0:
                    break
                await self._ready([self._input], left_s, to_write=True)
        return taken

    async def end_input(self) -> None:
        """There is no more; a terminal has no such end."""
        async with self._writing:
            if not self.is_terminal:
                self._close_input()

    def _close_input(self) -> None:
        if self._input is not None and self._input not in self._outputs:
            self._close(self._input)
        self._input = None

    def resize(self, rows: int, columns: int) -> None:
        """The terminal has this size now; its foreground program gets SIGWINCH."""
        if self.is_terminal and self._input is not None:
            fcntl.ioctl(self._input, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, name: str) -> None:
        """Have its supervisor send it a signal: ``INT``, ``TERM``, ``HUP``, ``QUIT``, ``USR1`` or ``USR2``."""
        with contextlib.suppress(OSError):  # it has just ended
            self._peer.send(f"{name}\n".encode())

    def close(self) -> None:
        """Let go of it; if it still runs it is hung up. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        # The numbers may be another's soon: whoever watches them lets go of them first.
        for wait in list(self._waits):
            wait.finish()
        self._peer.close()
        for fd in list(self._open):
            self._close(fd)
        self._outputs = {}
        self._input = None


class _Wait:
    """Until one of several descriptors can be read, or written. Over at once when one of them is to be closed."""

    def __init__(self, fds: Sequence[int], *, to_write: bool) -> None:
        loop = asyncio.get_running_loop()
        self.ready: list[int] = []
        self._woken: asyncio.Future[None] = loop.create_future()
        self._forget: Callable[[int], bool] = loop.remove_writer if to_write else loop.remove_reader
        self._watched = list(fds)
        add: Callable[..., None] = loop.add_writer if to_write else loop.add_reader
        for fd in fds:
            add(fd, self._mark, fd)

    def _mark(self, fd: int) -> None:
        self.ready.append(fd)
        self._watched.remove(fd)
        self._forget(fd)
        self._wake()

    def _wake(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        try:
            await asyncio.wait({self._woken}, timeout=timeout_s)
        finally:
            self.finish()

    def finish(self) -> None:
        """Watch nothing any more. May be called twice."""
        for fd in self._watched:
            self._forget(fd)
        self._watched = []
        self._wake()
