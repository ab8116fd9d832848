"""Counting occurrences of a text in a rank's log, stamps left out (``query/task/log/search``)."""

from __future__ import annotations

from typing import Sequence

from hfai.engine.logs.ranklog import RankDirectory
from hfai.engine.logs.segments import Segments
from hfai.engine.logs.stamps import STAMP
from hfai.model.records import Run

# A text that begins with none of these cannot begin inside a stamp.
_STAMP_BYTES = frozenset(b"[0123456789-:.] ")


def count_occurrences(runs: Sequence[Run], rank: int, directory: RankDirectory, content: str) -> int:
    """How often ``content`` occurs in the messages of all runs, without overlaps. Reads files: call it in a thread."""
    wanted = content.encode()
    if not wanted or b"\n" in wanted:
        return 0
    total = 0
    for run in runs:
        log = Segments(directory(run.id, rank))
        rest = b""
        for segment in log.numbers():
            offset = 0
            while block := log.read(segment, offset):
                offset += len(block)
                lines, newline, rest = (rest + block).rpartition(b"\n")
                total += _count(lines + newline, wanted)
        total += _count(rest, wanted)
    return total


def _count(lines: bytes, wanted: bytes) -> int:
    if wanted[0] in _STAMP_BYTES:
        lines = b"\n".join(STAMP.sub(b"", line, count=1) if STAMP.match(line) else line for line in lines.split(b"\n"))
    return lines.count(wanted)
