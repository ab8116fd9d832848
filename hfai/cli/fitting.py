"""How wide each column of a table may be, so that the table fits a narrow terminal."""

from __future__ import annotations

from collections import Counter
from typing import Optional, Sequence

from hfai.cli.text_width import pieces, text_width, wrap

# "| " and " |" of a row with one cell, and " | " between two.
_FRAME = 4
_BETWEEN = 3
# A word of up to this many columns is never cut: dates, ids, states.
_WORD = 12
# A cell of more lines is not read any more.
_TALLEST = 6


def fitted(columns: Sequence[Sequence[str]], room: int) -> Optional[list[int]]:
    """The width of each column in a table of at most ``room`` columns of the screen.

    Narrowed first is what makes the fewest cells wrap: a long heading above short values, one long name among short ones.

    Args:
        columns: the texts of each column, its heading among them.
        room: the width of the screen.

    Returns:
        None where words would have to be cut, or a cell would become a tower: the rows are better shown as records.
    """
    sizes = [Counter(map(text_width, texts)) for texts in columns]
    widths = [max(size) for size in sizes]
    floors = [min(_floor(texts), width) for texts, width in zip(columns, widths)]
    frame = _FRAME + _BETWEEN * (len(columns) - 1)
    if sum(floors) + frame > room:
        return None
    while sum(widths) + frame > room:
        can = [at for at in range(len(widths)) if widths[at] > floors[at]]
        at = min(can, key=lambda at: (sizes[at][widths[at]], -widths[at]))
        widths[at] -= 1
    tallest = max((len(wrap(text, width)) for texts, width in zip(columns, widths) for text in set(texts)), default=0)
    return widths if tallest <= _TALLEST else None


def _floor(texts: Sequence[str]) -> int:
    return max((min(text_width(piece), _WORD) for text in set(texts) for piece in pieces(text)), default=1)
