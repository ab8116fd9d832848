"""Looks at the platform again and again in a thread of its own, so that keys are answered while the network is not."""

from __future__ import annotations

import threading
from typing import Callable, Generic, Optional, TypeVar

from hfai.model.errors import HfaiError

_T = TypeVar("_T")


class Looking(Generic[_T]):
    """Calls ``look`` every ``interval_s`` seconds; after an error it goes on.

    Args:
        look: asks the platform.
        interval_s: from the end of one look to the next.
        tell: called in the thread after each look.

    Attributes:
        latest: what the last look that succeeded has brought.
        problem: why the last look has not; None where it has.
        interval_s: may be changed.
        is_paused: may be changed: then nothing is asked.
    """

    def __init__(self, look: Callable[[], _T], first: _T, interval_s: float, tell: Callable[[], None]) -> None:
        self.latest = first
        self.problem: Optional[HfaiError] = None
        self.interval_s = interval_s
        self.is_paused = False
        self._look = look
        self._tell = tell
        self._now = threading.Event()
        self._is_over = False
        # A daemon: a server that does not answer must not keep the program that is over.
        self._thread = threading.Thread(target=self._run, name="hfai-monitor", daemon=True)

    def start(self) -> None:
        """Begin; the first look was made by the caller."""
        self._thread.start()

    def now(self) -> None:
        """Look at once, paused or not, or let a changed interval count."""
        self._now.set()

    def close(self) -> None:
        """No more looks; does not wait for one that is under way."""
        self._is_over = True
        self._now.set()

    def _run(self) -> None:
        while True:
            is_asked = self._now.wait(None if self.is_paused else self.interval_s)
            self._now.clear()
            if self._is_over:
                return
            if self.is_paused and not is_asked:
                continue
            try:
                self.latest, self.problem = self._look(), None
            except HfaiError as error:
                self.problem = error
            except Exception as error:  # an answer that nobody has thought of must not end the thread unseen
                self.problem = HfaiError("{error}", error=f"{type(error).__name__}: {error}")
            self._tell()
