"""Tables in the tutorial's form; wide (CJK) characters take two columns of the screen.

On a terminal that is too narrow cells are wrapped, and where words would have to be cut each row becomes a record of
lines. Everywhere else (a pipe, a file) a table has its full width.
"""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Sequence

# From the text of a cell to a number of ECMA-48's "select graphic rendition", or None.
Colour = Callable[[str], Optional[int]]


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    room: Optional[int] = None,
    colours: Optional[Mapping[int, Colour]] = None,
) -> str:
    """The table as text, with a line break at the end.

    Args:
        header: the headings.
        rows: the cells; None is an empty one.
        room: the width of the screen; None for as wide as it takes.
        colours: by number of the column, what colours its cells.

    Example:
        >>> print(table(["id", "name"], [[1, "x"]]), end="")
        +----+------+
        | id | name |
        +====+======+
        | 1  | x    |
        +----+------+
    """
    texts = [[_printable("" if cell is None else str(cell)) for cell in row] for row in (header, *rows)]
    widths: Optional[list[int]] = None
    if room is not None:
        from hfai.cli.fitting import fitted

        widths = fitted(list(zip(*texts)), room)
        if widths is None:
            return _records(texts, room, colours or {})
    return _drawn(texts, widths, colours or {})


def _drawn(texts: list[list[str]], widths: Optional[list[int]], colours: Mapping[int, Colour]) -> str:
    from prettytable import PrettyTable  # costs more than the rest of a table: only the commands that print one pay

    cells = [[[text] for text in row] for row in texts]
    if widths is not None:
        from hfai.cli.text_width import wrap

        cells = [[wrap(text, width) for text, width in zip(row, widths)] for row in texts]
    # The heading is a row for prettytable, which knows no headings of several lines.
    drawn = PrettyTable(header=False, align="l")
    for number, (row, lines) in enumerate(zip(texts, cells)):
        wanted = colours if number else {}
        drawn.add_row(["\n".join(_painted(row[at], lines[at], wanted.get(at))) for at in range(len(row))])
    result: list[str] = drawn.get_string().split("\n")
    below = 1 + max(map(len, cells[0]))
    result.insert(below, result[0].replace("-", "="))
    return "\n".join(result if len(texts) > 1 else result[: below + 1]) + "\n"


def _records(texts: list[list[str]], room: int, colours: Mapping[int, Colour]) -> str:
    """Each row as lines of heading and value."""
    from hfai.cli.text_width import text_width, wrap

    header, *rows = texts
    names = min(max(map(text_width, header)), max(room // 2, 1))
    lines = ["-" * min(room, 20)] if not rows else []
    for row in rows:
        lines.append("-" * min(room, 20))
        for at, (name, text) in enumerate(zip(header, row)):
            values = _painted(text, wrap(text, max(room - names - 2, 1)), colours.get(at))
            heads = wrap(name, names)
            for line in range(max(len(heads), len(values))):
                head = heads[line] if line < len(heads) else ""
                value = values[line] if line < len(values) else ""
                lines.append(f"{head}{' ' * (names - text_width(head))}  {value}".rstrip())
    return "\n".join(lines) + "\n"


def _painted(text: str, lines: list[str], colour: Optional[Colour]) -> list[str]:
    code = colour(text) if colour else None
    return lines if code is None else [f"\x1b[{code}m{line}\x1b[0m" for line in lines]


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
