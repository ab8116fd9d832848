"""An HTTP forward proxy that is the only way to a server, and can hold requests back."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Optional
from urllib.parse import urlsplit

_BLOCK = 1 << 16
_REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ForwardProxy:
    """A context manager; ``server`` is a URL whose name nothing but the proxy knows.

    Args:
        url: where the requests for ``server`` go.

    Attributes:
        url: of the proxy.
        requests: the path of each request that came.
        hold: a part of a path, and how many more requests with it are let through; the next ones wait until that is changed.
    """

    server = "http://engine.test"

    def __init__(self, url: str) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.hold: Optional[tuple[str, int]] = None
        self._to = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve)
        self._is_ready = threading.Event()

    def __enter__(self) -> ForwardProxy:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._is_ready.set()
        await self._end.wait()
        server.close()
        while open_ones := asyncio.all_tasks() - {asyncio.current_task()}:
            for one in open_ones:
                one.cancel()
            await asyncio.gather(*open_ones, return_exceptions=True)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, and its answer until the server closes."""
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            method, target, version = first.decode().split()
            path = target.removeprefix(self.server)
            if path == target:
                writer.write(_REFUSED)
                return
            self.requests.append(path)
            while self._is_held(path):
                await asyncio.sleep(0.01)
            there, to = await asyncio.open_connection(self._to.hostname, self._to.port)
            try:
                kept = [line for line in lines if not line.lower().startswith((b"connection:", b"host:", b"proxy-"))]
                to.write(f"{method} {path} {version}\r\nHost: {self._to.netloc}\r\nConnection: close\r\n".encode())
                to.write(b"\r\n".join(kept))
                up = asyncio.ensure_future(_copied(reader, to))
                await _copied(there, writer)
                up.cancel()
            finally:
                to.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _is_held(self, path: str) -> bool:
        if self.hold is None or self.hold[0] not in path:
            return False
        part, more = self.hold
        self.hold = (part, max(0, more - 1))
        return more == 0


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK):
        writer.write(block)
        await writer.drain()
