"""Lines of a screen: pieces of text with a look, cut to a width that counts wide characters as two."""

from __future__ import annotations

from typing import Callable, Iterable, NamedTuple, Optional, Sequence

from hfai.cli.text_width import text_width

# Numbers of ECMA-48's "select graphic rendition".
BOLD, DIM, REVERSE, RED, GREEN, YELLOW, CYAN = 1, 2, 7, 31, 32, 33, 36
GAP = "  "

Piece = tuple[str, Optional[int]]


class Line:
    """Some pieces one after the other.

    Example:
        >>> Line(("name ", BOLD), ("训练", None)).cut(8).text
        'name 训…'
    """

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = [(printable(text), look) for text, look in pieces if text]

    @property
    def text(self) -> str:
        """Without looks."""
        return "".join(text for text, _ in self.pieces)

    @property
    def width(self) -> int:
        """Columns of the screen."""
        return sum(text_width(text) for text, _ in self.pieces)

    def cut(self, width: int) -> Line:
        """As much of it as fits; what was cut off leaves a mark."""
        if self.width <= width:
            return self
        pieces, left = [], width - 1
        for text, look in self.pieces:
            head = first_columns(text, left)
            pieces.append((head, look))
            left -= text_width(head)
            if head != text:
                break
        return Line(*pieces, ("…", DIM)) if width > 0 else Line()

    def drawn(self, *, is_coloured: bool) -> str:
        """With looks, where the terminal may have them."""
        if not is_coloured:
            return self.text
        return "".join(text if look is None else f"\x1b[{look}m{text}\x1b[0m" for text, look in self.pieces)


def printable(text: str) -> str:
    """What cannot move the cursor: names are the users'."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)


def first_columns(text: str, width: int) -> str:
    """As much of the text as fits into so many columns."""
    if text_width(text) <= width:
        return text
    at, used = 0, 0
    for at, sign in enumerate(text):  # noqa: B007 - where it stops is what is wanted
        used += text_width(sign)
        if used > width:
            break
    return text[:at]


class Field(NamedTuple):
    """One column of a list that has to fit.

    Attributes:
        heading: above it.
        cell: from a row to its text.
        rank: the greater, the sooner it is left out on a narrow screen; 0 always stays.
        most: columns that it takes at most; what is longer is cut.
        least: of the last column, whether it can stay with so many, and be cut; 0: with all that it needs.
        look: from a row to how it looks.
        is_number: put to the right.
    """

    heading: str
    cell: Callable[..., str]
    rank: int
    most: int = 24
    least: int = 0
    look: Optional[Callable[..., Optional[int]]] = None
    is_number: bool = False


def listed(fields: Sequence[Field], rows: Sequence[object], width: int) -> list[Line]:
    """A heading and the rows, with as many of the columns as fit.

    The last column that stays is not cut before the screen ends.
    """
    cells = [[printable(field.cell(row)) for field in fields] for row in rows]
    sizes = [
        max([text_width(field.heading), *(min(field.most, text_width(row[at])) for row in cells)])
        for at, field in enumerate(fields)
    ]
    needs = [min(size, field.least or size) for size, field in zip(sizes, fields)]
    stays = list(range(len(fields)))
    while len(stays) > 1 and sum(needs[at] for at in stays) + len(GAP) * (len(stays) - 1) > width:
        last = max(stays, key=lambda at: fields[at].rank)
        if fields[last].rank == 0:
            break
        stays.remove(last)
    heading = Line((_row([_fitted(fields[at].heading, sizes[at], fields[at]) for at in stays]), BOLD))
    lines = [heading.cut(width)]
    for row, texts in zip(rows, cells):
        pieces: list[Piece] = []
        for at in stays:
            field, is_last = fields[at], at == stays[-1]
            text = texts[at] if is_last and not field.is_number else _fitted(texts[at], sizes[at], field)
            pieces += [(text, field.look(row) if field.look else None), ("" if is_last else GAP, None)]
        lines.append(Line(*pieces).cut(width))
    return lines


def _row(texts: Iterable[str]) -> str:
    return GAP.join(texts).rstrip()


def _fitted(text: str, width: int, field: Field) -> str:
    if text_width(text) > width:
        text = Line((text, None)).cut(width).text
    blanks = " " * (width - text_width(text))
    return blanks + text if field.is_number else text + blanks
