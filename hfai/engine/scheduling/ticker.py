"""When the next tick is: soon, or at a time; once, however often it was asked for."""

from __future__ import annotations

import asyncio
import logging
from typing import Callable, Optional

from hfai.engine.system import Clock

RETRY_S = 1.0
_log = logging.getLogger(__name__)


class Ticker:
    """Makes ticks in the event loop.

    Args:
        clock: where times come from.
        tick: called with the time; where it raises, it is tried again a second later.
    """

    def __init__(self, clock: Clock, tick: Callable[[float], None]) -> None:
        self._clock = clock
        self._tick = tick
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._soon: Optional[asyncio.Handle] = None
        self._later: Optional[asyncio.TimerHandle] = None
        self._later_at = 0.0

    def start(self) -> None:
        """Make ticks from now on, in the running loop; what was asked for before that is not remembered."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Make no more ticks."""
        for handle in (self._soon, self._later):
            if handle is not None:
                handle.cancel()
        self._loop = self._soon = self._later = None

    def soon(self) -> None:
        """Make a tick soon."""
        if self._soon is None and self._loop is not None:
            self._soon = self._loop.call_soon(self._on_soon)

    def _on_soon(self) -> None:
        self._soon = None
        try:
            self._tick(self._clock.now())
        except Exception:
            # One bad run must not stop the others; what is dirty is written with the next tick.
            _log.exception("a tick failed")
            self.at(self._clock.now() + RETRY_S)

    def at(self, at: float) -> None:
        """Make a tick at that time; every tick says anew what it waits for."""
        if self._loop is None or (self._later is not None and self._later_at <= at):
            return
        if self._later is not None:
            self._later.cancel()
        self._later_at = at
        self._later = self._loop.call_later(max(0.0, at - self._clock.now()), self._on_time)

    def _on_time(self) -> None:
        self._later = None
        self.soon()
