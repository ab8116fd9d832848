"""What the handlers share: the engine, the watch on log directories, and word that the daemon is going away."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Awaitable, Callable, Coroutine, Optional

from attrs import define, field

from hfai.engine.engine import Engine
from hfai.engine.executors.guest import Guest
from hfai.engine.logs.inotify import DirectoryWatcher


@define
class OpenGuest:
    """A program beside a task, and whose it is.

    Attributes:
        taken: bytes of input that it has been given.
    """

    user_name: str
    guest: Guest
    taken: int = 0


@define
class Serving:
    """One daemon's HTTP side.

    Attributes:
        engine: answers every question.
        shutdown: asks the daemon to end; its argument says whether the tasks are to be stopped first.
        url: where the daemon listens.
        started_at: since when, in seconds since the epoch.
        watcher: tells log streams of changes on disk.
        guests: programs beside tasks that clients have open, by the word they are asked for with.
        held: bytes of the bodies of each user's requests that have not been answered.
        closing: set when the daemon goes away, so that whoever waits answers at once.
    """

    engine: Engine
    shutdown: Callable[[bool], None]
    url: str
    started_at: float
    watcher: DirectoryWatcher = field(factory=DirectoryWatcher)
    guests: dict[str, OpenGuest] = field(factory=dict)
    held: Counter[str] = field(factory=Counter)
    closing: asyncio.Event = field(factory=asyncio.Event)

    async def while_wanted(
        self, work: Coroutine[Any, Any, None], receive: Callable[[], Awaitable[Any]], token: str
    ) -> Optional[asyncio.Task[None]]:
        """Run ``work`` until it is done or :meth:`unwanted`; in the latter case cancel it.

        Returns its task if it is done, None if it was cut short.
        """
        task = asyncio.ensure_future(work)
        unwanted = asyncio.ensure_future(self.unwanted(receive, token))
        try:
            await asyncio.wait({task, unwanted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_done = task.done()
            task.cancel()
            unwanted.cancel()
            await asyncio.gather(task, unwanted, return_exceptions=True)
        return task if is_done else None

    async def unwanted(self, receive: Callable[[], Awaitable[Any]], token: str) -> None:
        """Return when the client has gone, the daemon closes or the token that was shown stands for nobody any more."""
        ends = (_disconnected(receive), self.closing.wait(), self.engine.admission.until_withdrawn(token))
        waits = {asyncio.ensure_future(end) for end in ends}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def _disconnected(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
