"""Finding a place in a log without reading all of it: the last N lines, and the first line from a time on."""

from __future__ import annotations

from typing import Iterator, Optional

from hfai.engine.logs.segments import BLOCK_BYTES, Segments
from hfai.engine.logs.stamps import STAMP, STAMP_BYTES

# Below this a plain scan is as fast as another halving.
_SCAN_BYTES = 64 * 1024

Place = tuple[int, int]
"""A segment's number and an offset in it."""


def end_of(log: Segments) -> Place:
    """The end of the log as it is now; the beginning of segment 0 if there is none."""
    numbers = log.numbers()
    return (numbers[-1], log.size(numbers[-1])) if numbers else (0, 0)


def last_lines(log: Segments, lines: int, *, before: Optional[Place] = None) -> tuple[Place, int]:
    """Where the last ``lines`` lines before a place (left out: the end) begin, and how many lines were missing.

    A last line without its newline counts as a line. Reads backwards, only what it needs.
    """
    last, end = before or end_of(log)
    if lines <= 0:
        return (last, end), 0
    numbers = [number for number in log.numbers() if number <= last]
    is_end, wanted, seen_any = True, lines, False
    for number in reversed(numbers):
        stop = end if number == last else log.size(number)
        while stop > 0:
            start = max(0, stop - BLOCK_BYTES)
            block = log.read(number, start, stop - start)
            at = len(block) - 1 if is_end and block.endswith(b"\n") else len(block)
            is_end, seen_any = False, True
            while (at := block.rfind(b"\n", 0, at)) >= 0:
                wanted -= 1
                if wanted == 0:
                    return (number, start + at + 1), 0
            stop = start
    return (numbers[0] if numbers else 0, 0), wanted - seen_any


def first_from(log: Segments, stamp: bytes, *, after: bool = False) -> Optional[Place]:
    """Where the first line begins that was written at ``stamp`` or later (with ``after``: later only).

    None if there is none yet. A line without a stamp belongs to the stamped line before it. Halves its way through
    the segments, so it costs the same at the end of a large log as at its beginning.
    """

    def is_wanted(found: bytes) -> bool:
        return found > stamp if after else found >= stamp

    place: Optional[Place] = None
    for number in reversed(log.numbers()):
        first = next(_stamped_lines(log, number, 0), None)
        if first is None:
            continue
        if is_wanted(first[1]):
            place = number, first[0]
            continue
        low, high = first[0], log.size(number)
        while high - low > _SCAN_BYTES:
            middle = (low + high) // 2
            found = next(_stamped_lines(log, number, middle), None)
            if found is None or found[0] >= high or is_wanted(found[1]):
                high = middle
            else:
                low = found[0]
        inside = next((offset for offset, found in _stamped_lines(log, number, low) if is_wanted(found)), None)
        return place if inside is None else (number, inside)
    return place


def _stamped_lines(log: Segments, segment: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """Offset and stamp of each stamped line that begins at ``offset`` or later."""
    position = max(0, offset - 1)
    is_start = offset == 0
    while block := log.read(segment, position, _SCAN_BYTES):
        for match in STAMP.finditer(block):
            start = match.start()
            if (start and block[start - 1] == 0x0A) or (is_start and not start):
                yield position + start, match.group()
        if len(block) <= STAMP_BYTES:
            return
        # A stamp may lie across the border: the newline before it is read again, a whole one is not found twice.
        position += len(block) - STAMP_BYTES
        is_start = False


def complete_end(log: Segments) -> Place:
    """The end of the last line that has its newline."""
    segment, offset = end_of(log)
    if offset and log.read(segment, offset - 1, 1) != b"\n":
        return last_lines(log, 1, before=(segment, offset))[0]
    return segment, offset
