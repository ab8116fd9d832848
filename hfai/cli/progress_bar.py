"""A progress bar for people: on stderr, and only where that is a terminal."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Optional

_WIDTH = 30
_REDRAW_S = 0.1


class ProgressBar:
    """A line that is drawn over itself, and wiped at the end; shows nothing where nobody looks.

    Args:
        text: what is going on.
        total: how many steps there are.
    """

    def __init__(self, text: str, total: int) -> None:
        self._text = text
        self._total = total
        self._is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> ProgressBar:
        self.show(0)
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._write("\r\x1b[K")

    def show(self, done: int) -> None:
        """So many steps are done."""
        share = done / self._total if self._total else 1.0
        bar = ("#" * int(share * _WIDTH)).ljust(_WIDTH)
        self._write(f"\r{self._text} [{bar}] {share:4.0%}")

    def _write(self, text: str) -> None:
        if self._is_shown:
            sys.stderr.write(text)
            sys.stderr.flush()


class ByteBar(ProgressBar):
    """The same for bytes, with their rate and the time that is left; drawn at most ten times a second."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 0)
        self._begun_s: Optional[float] = None
        self._drawn_s = 0.0

    def __enter__(self) -> ByteBar:
        return self

    def show_bytes(self, done: int, total: int) -> None:
        """So many bytes of so many have gone."""
        import time

        from hfai.cli.sizes import size_text

        now = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now
        if not self._is_shown or (now - self._drawn_s < _REDRAW_S and done < total):
            return
        self._drawn_s = now
        rate = done / max(now - self._begun_s, 0.001)
        left = f"{int((total - done) / rate) // 60}:{int((total - done) / rate) % 60:02}" if rate else "-:--"
        bar = ("#" * int(_WIDTH * done / total)).ljust(_WIDTH) if total else "#" * _WIDTH
        self._write(f"\r\x1b[K{self._text} [{bar}] {size_text(done)} / {size_text(total)}  {size_text(rate)}/s  {left}")
