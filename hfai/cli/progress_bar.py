"""A progress bar for people: on stderr, and only where that is a terminal."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Optional, Sequence

from hfai.cli.text_width import text_width

_WIDTH = 30
_LEAST_WIDTH = 10
_REDRAW_S = 0.1
# The terminal writes it behind the bar.
_INTERRUPT = "^C"


class ProgressBar:
    """A line that is drawn over itself, and wiped at the end; shows nothing where nobody looks.

    It takes no more than the width of the terminal, also when that changes. After Ctrl-C it stays: it says how far all was.

    Args:
        text: what is going on.
        total: how many steps there are.
    """

    def __init__(self, text: str, total: int) -> None:
        self._text = text
        self._total = total
        self._is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn_width = 0

    def __enter__(self) -> ProgressBar:
        self.show(0)
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if not isinstance(error, KeyboardInterrupt):
            self._draw("")

    def show(self, done: int) -> None:
        """So many steps are done."""
        share = done / self._total if self._total else 1.0
        self._draw_bar(share, (f"{share:4.0%}",))

    def _draw_bar(self, share: Optional[float], tails: Sequence[str]) -> None:
        """Draw a bar, where a share is known, and behind it the first of the tails that has room; without room no bar."""
        if not self._is_shown:
            return
        room = _columns() - text_width(f"{self._text} {_INTERRUPT}")
        if share is not None:
            for tail in tails:
                width = min(_WIDTH, room - text_width(f"[] {tail}"))
                if width >= _LEAST_WIDTH:
                    self._draw(f"{self._text} [{'#' * int(width * share):<{width}}] {tail}")
                    return
        self._draw(f"{self._text} {next((tail for tail in tails if text_width(tail) <= room), '')}")

    def _draw(self, line: str) -> None:
        if not self._is_shown:
            return
        # A terminal that has become narrower has broken the line that was drawn before.
        above = max(0, self._drawn_width - 1) // _columns()
        up = f"\x1b[{above}A" if above else ""
        self._drawn_width = text_width(line)
        sys.stderr.write(f"{up}\r\x1b[J{line}")
        sys.stderr.flush()


class ByteBar(ProgressBar):
    """The same for bytes, with their rate and the time that is left; drawn for each percent, or ten times a second."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 0)
        self._begun_s = time.monotonic()
        self._drawn_s = 0.0
        self._drawn_percent: Optional[int] = None

    def __enter__(self) -> ByteBar:
        self._draw(self._text)
        return self

    def show_bytes(self, done: int, total: int) -> None:
        """So many bytes of so many have gone; ``total`` is 0 as long as that is not known."""
        from hfai.cli.sizes import size_text

        now = time.monotonic()
        if not done:
            self._begun_s = now
        percent = 100 * done // total if total else None
        is_new = percent is None or percent != self._drawn_percent or now - self._drawn_s >= _REDRAW_S
        if not (self._is_shown and is_new):
            return
        self._drawn_s, self._drawn_percent = now, percent
        rate = done / max(now - self._begun_s, 0.001)
        speed = f"{size_text(rate)}/s"
        if not total:
            self._draw_bar(None, (f"{size_text(done)}  {speed}", size_text(done)))
            return
        left = f"{int((total - done) / rate) // 60}:{int((total - done) / rate) % 60:02}" if rate else "-:--"
        amount, share = f"{size_text(done)} / {size_text(total)}", done / total
        self._draw_bar(share, (f"{amount}  {speed}  {left}", f"{amount}  {left}", f"{share:4.0%}  {left}", f"{share:4.0%}"))


def _columns() -> int:
    """The width of the terminal, which may be another one each time."""
    return os.get_terminal_size(sys.stderr.fileno()).columns or 80
