"""uvicorn as a part of the daemon: it takes a bound socket, leaves signals alone and wakes for requests only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Iterator, Optional

import uvicorn
from starlette.types import ASGIApp

from hfai import __version__

# Longer than a person's pause between two commands of one SDK session, so that its connection is kept.
_KEEP_ALIVE_S = 75
# A client that does not read gets this long to take the end of its stream when the daemon goes away.
_GRACE_S = 1
_BACKLOG = 1024


class HttpServer(uvicorn.Server):
    """Serves one application on one socket until :meth:`stop`.

    Attributes:
        ready: set as soon as requests are answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                interface="asgi3",
                access_log=False,  # it would hold the tokens that existing clients put in the query
                log_config=None,
                server_header=False,
                date_header=False,
                headers=[("client-version", __version__)],
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self.ready = asyncio.Event()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Take no more connections, let answers be finished, and return from ``serve``."""
        self.should_exit = True
        self._stopped.set()

    async def startup(self, sockets: Optional[list[socket.socket]] = None) -> None:
        await super().startup(sockets=sockets)
        await self.on_tick(0)  # fills in the headers that every answer carries
        self.ready.set()

    async def main_loop(self) -> None:
        """Instead of uvicorn's ten wake-ups a second."""
        await self._stopped.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the daemon's business."""
        yield
