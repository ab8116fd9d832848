"""What becomes of the blocks of a log on the way to the screen.

The plain case, one rank to a file or pipe, hands whole blocks on: a follower must keep up with ``tail -F``.
"""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Union

from hfai.cli.log_lines import LINE_STAMPS, STAMP_BYTES, collapsed

# A line without an end is shown in pieces of this size rather than kept.
LONGEST_HELD_BYTES = 1 << 20

Write = Callable[[Union[bytes, memoryview]], object]


class LogView(Protocol):
    """Takes the bytes of the log as they come, cut anywhere, and writes what is to be seen."""

    def add(self, rank: int, run: int, data: bytes) -> None: ...

    def finish(self) -> None:
        """The log has ended: write what was held back."""


class PlainView:
    """One rank as it is, but of a progress bar the last state only."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._held = b""
        self._run: Optional[int] = None

    def add(self, rank: int, run: int, data: bytes) -> None:
        if run != self._run:
            self.finish()
            self._run = run
        if b"\r" not in data and b"\r" not in self._held and b"\n" in data:
            # Most logs: passed on without a copy.
            cut = data.rfind(b"\n") + 1
            if self._held:
                self._write(self._held)
            self._write(memoryview(data)[:cut])
            self._held = data[cut:]
            return
        data = self._held + data
        cut = data.rfind(b"\n") + 1
        whole, self._held = data[:cut], data[cut:]
        if b"\r" in whole:
            whole = b"\n".join(map(collapsed, whole.split(b"\n")))
        if b"\r" in self._held:
            # A \r at the end may yet be followed by the newline.
            self._held = collapsed(self._held) + (b"\r" if self._held.endswith(b"\r") else b"")
        elif len(self._held) > LONGEST_HELD_BYTES:
            whole, self._held = whole + self._held, b""
        if whole:
            self._write(whole)

    def finish(self) -> None:
        if self._held:
            self._write(collapsed(self._held) + b"\n")
            self._held = b""


class RawView:
    """One rank as the task wrote it: stamps taken off again."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._held = b""
        self._in_line = False

    def add(self, rank: int, run: int, data: bytes) -> None:
        data = self._held + data
        self._held = b""
        head = b""
        if self._in_line:
            cut = data.find(b"\n") + 1
            if not cut:
                self._write(data)
                return
            head, data = data[:cut], data[cut:]
        last = data.rfind(b"\n") + 1
        if len(data) - last < STAMP_BYTES:
            data, self._held = data[:last], data[last:]
        self._in_line = len(data) > last
        self._write(head + LINE_STAMPS.sub(b"", data))

    def finish(self) -> None:
        if self._held:
            self._write(self._held)
            self._held = b""


class LiveView:
    """One rank on a terminal: at once, progress bars moving, each of their states behind the line's stamp."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._stamp = b""
        self._is_back = False  # a \r was the last byte

    def add(self, rank: int, run: int, data: bytes) -> None:
        if b"\r" not in data and not self._is_back:
            self._write(data)
            last = data.rfind(b"\n") + 1
            self._stamp = ((b"" if last else self._stamp) + data[last:])[:STAMP_BYTES]
            return
        shown: list[bytes] = []
        for line in _lines(data):
            self._line(line, shown)
        self._write(b"".join(shown))

    def finish(self) -> None:
        """Nothing is held back."""

    def _line(self, line: bytes, shown: list[bytes]) -> None:
        end = b"\n" if line.endswith(b"\n") else b""
        first, *states = line[: len(line) - len(end)].split(b"\r")
        if first:
            shown.append(self._again(first) if self._is_back else first)
            self._is_back = False
        if len(self._stamp) < STAMP_BYTES:
            self._stamp = (self._stamp + first)[:STAMP_BYTES]
        for state in states:
            self._is_back = not state
            if state:
                shown.append(self._again(state))
        if end:
            shown.append(end)
            self._stamp, self._is_back = b"", False

    def _again(self, state: bytes) -> bytes:
        return b"\r" + self._stamp + state + b"\x1b[K"


class LineView:
    """Line by line, of any number of ranks: for prefixes, ``--grep`` and ``--json``.

    Args:
        show: makes what is written, newline included, from rank, run and a whole line without its newline; None to
            leave the line out.
    """

    def __init__(self, write: Write, show: Callable[[int, int, bytes], Optional[bytes]]) -> None:
        self._write = write
        self._show = show
        self._held: dict[int, tuple[int, bytes]] = {}

    def add(self, rank: int, run: int, data: bytes) -> None:
        held_run, held = self._held.pop(rank, (run, b""))
        if held and held_run != run:
            self._put(rank, held_run, [held])
            held = b""
        *lines, rest = (held + data).split(b"\n")
        if len(rest) > LONGEST_HELD_BYTES:
            lines.append(rest)
            rest = b""
        if rest:
            self._held[rank] = (run, rest)
        self._put(rank, run, lines)

    def finish(self) -> None:
        for rank, (run, held) in sorted(self._held.items()):
            self._put(rank, run, [held])
        self._held.clear()

    def _put(self, rank: int, run: int, lines: list[bytes]) -> None:
        shown = [text for line in lines if (text := self._show(rank, run, line)) is not None]
        if shown:
            self._write(b"".join(shown))


def _lines(data: bytes) -> list[bytes]:
    """As splitlines, but only newlines end a line."""
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])
