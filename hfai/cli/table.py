"""Tables in the tutorial's form; wide (CJK) characters take two columns of the screen."""

from __future__ import annotations

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
    from prettytable import PrettyTable  # costs more than the rest of a table: only the commands that print one pay

    drawn = PrettyTable(list(header), align="l")
    drawn.add_rows([[_printable(str(cell)) for cell in row] for row in rows])
    lines = drawn.get_string().split("\n")
    lines[2] = lines[2].replace("-", "=")
    return "\n".join(lines if rows else lines[:3]) + "\n"


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
