"""A clock that stands still until it is told to go on."""

from __future__ import annotations


class FakeClock:
    """Stands in for :class:`hfai.engine.system.SystemClock`.

    Args:
        at: seconds since the epoch.

    Example:
        >>> clock = FakeClock(100.0)
        >>> clock.advance(5.0)
        >>> clock.now()
        105.0
    """

    def __init__(self, at: float = 1_700_000_000.0) -> None:
        self._at = at

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._at += seconds
