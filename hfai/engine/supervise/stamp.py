"""The stamp in front of each line: ``[YYYY-MM-DD HH:MM:SS.ffffff] ``, 29 bytes, local time."""

from __future__ import annotations

import time

STAMP_BYTES = 29


class Stamper:
    """Makes stamps; all but the microseconds is made once a second, which also follows changes of summer time."""

    def __init__(self) -> None:
        self._second = -1
        self._front = b""

    def at(self, time_ns: int) -> bytes:
        """The stamp of a moment in nanoseconds since the epoch."""
        second, rest_ns = divmod(time_ns, 1_000_000_000)
        if second != self._second:
            self._front = time.strftime("[%Y-%m-%d %H:%M:%S.", time.localtime(second)).encode()
            self._second = second
        return b"%b%06d] " % (self._front, rest_ns // 1000)

    def now(self) -> bytes:
        """The stamp of this moment."""
        return self.at(time.time_ns())
