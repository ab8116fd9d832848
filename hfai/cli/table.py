"""Tables in the tutorial's form; wide (CJK) characters take two columns of the screen."""

from __future__ import annotations

import unicodedata
from typing import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The table as text, with a line break at the end.

    Example:
        >>> print(table(["id", "name"], [[1, "x"]]), end="")
        +----+------+
        | id | name |
        +====+======+
        | 1  | x    |
        +----+------+
    """
    cells = [[_printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(header))]
    rule = "+".join(["", *("-" * (one + 2) for one in widths), ""])
    lines = [rule, _line(cells[0], widths), rule.replace("-", "=")]
    if rows:
        lines += [*(_line(row, widths) for row in cells[1:]), rule]
    return "\n".join(lines) + "\n"


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_sign_width(sign) for sign in text)


def _sign_width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "|".join(["", *(f" {cell}{' ' * (one - width(cell))} " for cell, one in zip(row, widths)), ""])


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
