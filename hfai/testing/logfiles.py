"""Log segments as a supervisor would have written them, for tests of everything that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from hfai.engine.logs.stamps import stamp_at

BEGIN = 1_790_000_000.0


def stamped(second: float, text: str) -> bytes:
    """One line, written that many seconds after BEGIN."""
    return stamp_at(BEGIN + second) + text.encode() + b"\n"


def write_segments(directory: Path, segments: Sequence[bytes]) -> None:
    """Make ``log.0, log.1 ...`` in a directory, which is made too."""
    directory.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(segments):
        (directory / f"log.{number}").write_bytes(content)
