"""One line of a log, stamp and text, and what of it is shown.

A stamp is the 29 bytes ``[YYYY-MM-DD HH:MM:SS.ffffff] `` in front of every line (docs/architecture.md, logs).
"""

from __future__ import annotations

import re

STAMP_BYTES = 29
_STAMP = rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\] "
STAMP = re.compile(_STAMP)
LINE_STAMPS = re.compile(rb"(?m)^" + _STAMP)


def split_stamp(line: bytes) -> tuple[bytes, bytes]:
    """Stamp and text of a line; the stamp is empty where there is none."""
    if STAMP.match(line):
        return line[:STAMP_BYTES], line[STAMP_BYTES:]
    return b"", line


def collapsed(line: bytes) -> bytes:
    """The line, without its newline, as a terminal would leave it: the last state of a progress bar.

    Example:
        >>> collapsed(b"[2026-01-01 00:00:00.000000] 10%\\r20%\\r")
        b'[2026-01-01 00:00:00.000000] 20%'
    """
    if b"\r" not in line:
        return line
    stamp, text = split_stamp(line)
    return stamp + text.rstrip(b"\r").rpartition(b"\r")[2]
