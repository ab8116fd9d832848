"""A progress bar for people: on stderr, and only where that is a terminal."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Optional

_WIDTH = 30


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
