"""A few threads for requests, which an interrupted process does not wait for."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Callable, Optional


class Threads:
    """Runs what is submitted to it, so much of it at once; a context manager.

    At its end all that was submitted has been done, unless Ctrl-C or the like ends it: then nobody waits for the requests that
    are on their way, for a slow network minutes, since the threads are daemons. An executor's threads would be joined at exit.

    Args:
        count: of the threads; each begins when there is something for it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._jobs: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        if error is None or isinstance(error, Exception):
            for thread in self._threads:
                thread.join()

    def submit(self, work: Callable[..., None], *args: Any) -> Future[None]:
        """Have a thread do it; errors are in the future."""
        future: Future[None] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                work(*args)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(None)

        self._jobs.put(run)
        if len(self._threads) < self._count:
            self._threads.append(threading.Thread(target=self._work, name="hfai-workspace", daemon=True))
            self._threads[-1].start()
        return future

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
