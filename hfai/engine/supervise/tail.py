"""The last lines of a task's output, for people who ask why it failed."""

from __future__ import annotations

MAX_LINES = 20
MAX_BYTES = 4096
# More is kept than shown: a progress bar is one line of many frames of which only the last counts.
KEEP_BYTES = 4 * MAX_BYTES


class Tail:
    """Keeps the end of what passes by; costs one copy of a few kilobytes a block."""

    def __init__(self) -> None:
        self._kept = b""
        self._is_cut = False

    def put(self, data: bytes) -> None:
        """Take note of some output."""
        if len(data) < KEEP_BYTES:
            data = self._kept + data
        self._is_cut = self._is_cut or len(data) > KEEP_BYTES
        self._kept = data[-KEEP_BYTES:]

    def lines(self) -> list[str]:
        """At most 20 lines and 4 KiB, oldest first, no line ends, only what a terminal would still show of each."""
        lines = self._kept.removesuffix(b"\n").split(b"\n") if self._kept else []
        if self._is_cut and len(lines) > 1 and b"\r" not in lines[0]:
            del lines[0]  # only its end is here
        shown: list[str] = []
        room = MAX_BYTES
        for line in reversed(lines[-MAX_LINES:]):
            line = line.rstrip(b"\r").rpartition(b"\r")[2]
            if len(line) > room:
                if not shown:
                    shown.append(_text(line[-room:]))
                break
            room -= len(line)
            shown.append(_text(line))
        return shown[::-1]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
