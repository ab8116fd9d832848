"""Where a reader of a rank's log stands: ``RUN.SEGMENT.OFFSET``, the next byte to read.

It stays valid over rotation, restarts of the daemon and restarts of the task, because segments are never renamed.
"""

from __future__ import annotations

import re
from typing import Mapping

from attrs import frozen

# Ids are SQLite integers and offsets file sizes: nothing valid has more than 19 digits.
_CURSOR = re.compile(r"(\d{1,19})\.(\d{1,19})\.(\d{1,19})", re.ASCII)
_RANK = re.compile(r"\d{1,9}", re.ASCII)


@frozen(order=True)
class Cursor:
    """The next byte to read; cursors of one rank compare by time.

    Attributes:
        run: id of the run.
        segment: number of the log segment.
        offset: byte in that segment.
    """

    run: int
    segment: int = 0
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.run}.{self.segment}.{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor that ``str`` gave.

        Raises:
            ValueError: the text is no cursor.
        """
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise ValueError(f"a cursor is RUN.SEGMENT.OFFSET, not {text!r}")
        run, segment, offset = map(int, match.groups())
        return cls(run, segment, offset)


def parse_cursors(text: str) -> Mapping[int, Cursor]:
    """Read ``RANK:RUN.SEGMENT.OFFSET,...`` as a mapping from rank to cursor; empty text is no cursor.

    Raises:
        ValueError: the text is something else, or names a rank twice.
    """
    cursors: dict[int, Cursor] = {}
    for item in filter(None, text.split(",")):
        rank, colon, cursor = item.partition(":")
        if not colon or _RANK.fullmatch(rank) is None:
            raise ValueError(f"cursors are RANK:RUN.SEGMENT.OFFSET, separated by commas, not {text!r}")
        if int(rank) in cursors:
            raise ValueError(f"rank {rank} has two cursors in {text!r}")
        cursors[int(rank)] = Cursor.parse(cursor)
    return cursors
