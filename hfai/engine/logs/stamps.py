"""The 29 bytes before every line, ``[YYYY-MM-DD HH:MM:SS.ffffff] ``, and points in time written like them.

Stamps are local time, so points in time become local text and the two compare as bytes.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Optional

STAMP_BYTES = 29
STAMP = re.compile(rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\] ")
_EPOCH = re.compile(r"\d+(\.\d*)?", re.ASCII)


def stamp_of(line: bytes) -> Optional[bytes]:
    """The stamp that the line begins with, None if it has none (the rest of a line that began in another segment)."""
    return line[:STAMP_BYTES] if STAMP.match(line) else None


def stamp_at(at: float) -> bytes:
    """The stamp of a point in time, in seconds since the epoch."""
    return datetime.fromtimestamp(at).strftime("[%Y-%m-%d %H:%M:%S.%f] ").encode()


def parse_time(text: str) -> bytes:
    """A point in time as a stamp: seconds since the epoch, or ISO 8601, local unless it names a zone.

    Raises:
        ValueError: the text is neither.
    """
    if _EPOCH.fullmatch(text):
        try:
            return stamp_at(float(text))
        except (OverflowError, OSError, ValueError):
            raise ValueError(f"{text} is not a time in seconds since 1970") from None
    # Before Python 3.11 fromisoformat does not know the Z.
    at = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    if at.tzinfo is not None:
        at = at.astimezone().replace(tzinfo=None)
    return f"[{at:%Y-%m-%d %H:%M:%S.%f}] ".encode() if at.year >= 1000 else b"[0"


def wire_time(stamp: bytes) -> str:
    """A stamp as the ISO text of the wire: ``2026-11-23T13:00:00.928687``, no microseconds when they are 0."""
    return datetime.fromisoformat(stamp[1:27].decode()).isoformat()
