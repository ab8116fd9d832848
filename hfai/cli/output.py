"""The one writer: what a command shows goes to stdout in the form that was asked for, notes go to stderr.

A command that reads calls :func:`add_output` where it declares its options, and one of :func:`show_rows` (it lists
things) and :func:`show_text` (it describes one thing) where it prints. Colours only on a terminal, and never the only
sign of anything.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Iterable, NamedTuple, Optional, Sequence, TextIO

from hfai.cli.language import tr

if TYPE_CHECKING:
    import argparse

# How a cell is coloured: from its text to a number of "select graphic rendition", or None.
Colour = Callable[[str], Optional[int]]

_TABLES = ("table", "wide")
_DOCUMENTS = ("json", "yaml")
_RULE = 20


class Column(NamedTuple):
    """One column of a listing.

    Attributes:
        name: the heading, and the word for ``--columns``: that of the key in ``--json``.
        cell: from a row to what is shown; left out, the row's attribute of that name.
        is_wide: shown only with ``--output wide`` or when ``--columns`` names it.
        colour: from the text of a cell to its colour.
    """

    name: str
    cell: Optional[Callable[[Any], object]] = None
    is_wide: bool = False
    colour: Optional[Colour] = None

    def of(self, row: Any) -> object:
        """The cell of a row."""
        return self.cell(row) if self.cell else getattr(row, self.name)


class Listing(NamedTuple):
    """What a command that lists things can show of each.

    Attributes:
        columns: from left to right.
        name: the column that ``--output name`` prints, one a line.
        key: the column that ``-q`` prints, one a line: the word by which other commands find the thing.
    """

    columns: tuple[Column, ...]
    name: str
    key: str

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def add_output(parser: argparse.ArgumentParser, listing: Optional[Listing] = None, *, names: str = "") -> None:
    """``--output`` and ``--json``; for a listing also ``--columns`` and ``--quiet``, and ``--color`` where it colours something.

    ``names``: what ``--output name`` prints one a line where there is no listing; left out, nothing. Afterwards ``arguments.output``
    is ``table``, ``wide``, ``json``, ``yaml``, ``name`` or ``quiet``.
    """
    tables = _TABLES if listing else _TABLES[:1]
    formats = (*tables, *_DOCUMENTS, *(["name"] if listing or names else []))
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "-o",
        "--output",
        choices=formats,
        default="table",
        metavar="|".join(formats),
        help=tr("form of what is printed; default: {value}", value="table") + (tr("; name: {names}", names=names) if names else ""),
    )
    form.add_argument(
        "-j", "--json", dest="output", action="store_const", const="json", help=tr("short for --output json")
    )
    if listing is None:
        return
    form.add_argument(
        "-q", "--quiet", dest="output", action="store_const", const="quiet", help=tr("only {column}, one a line", column=listing.key)
    )
    columns = [column.name for column in listing.columns]
    action = parser.add_argument(
        "--columns", metavar="A,B", help=tr("these columns of the table, in this order: {names}", names=", ".join(columns))
    )
    action.completer = lambda prefix, **_: _list_completions(prefix, columns)  # type: ignore[attr-defined]
    if any(column.colour for column in listing.columns):
        add_color(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json`` alone, for what is neither a listing nor a description, such as ``logs``."""
    parser.add_argument("-j", "--json", action="store_true", help=tr("print JSON and nothing else"))


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """``--quiet`` of a command that acts: it says in a line what it has done, unless this is given."""
    parser.add_argument("-q", "--quiet", action="store_true", help=tr("print nothing but errors"))


def say_done(arguments: argparse.Namespace, text: str) -> None:
    """One line about what was done, on stdout, unless ``--quiet`` was given."""
    if not arguments.quiet:
        sys.stdout.write(f"{text}\n")


def add_color(parser: argparse.ArgumentParser) -> None:
    """``--color``, for the commands that colour something."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="auto|always|never",
        help=tr("colours; default: on a terminal, unless NO_COLOR is set"),
    )


def is_document(arguments: argparse.Namespace) -> bool:
    """Whether JSON or YAML is wanted: then more may have to be asked of the platform."""
    return arguments.output in _DOCUMENTS


def show_rows(
    arguments: argparse.Namespace,
    listing: Listing,
    rows: Sequence[Any],
    document: Callable[[], Any],
    *,
    head: str = "",
    tail: str = "",
    nothing: str = "",
) -> int:
    """Print rows in the form that was asked for.

    Args:
        arguments: with what :func:`add_output` has declared.
        listing: the columns.
        rows: in an order that does not change from one call to the next.
        document: makes what ``--json`` prints (docs/json.md).
        head, tail: whole lines around a table.
        nothing: a note for people where a table has no rows: what makes one.

    Returns:
        0, the exit status.

    Raises:
        UsageError: ``--columns`` names one that there is not, or is given with JSON, YAML or names.
    """
    shown = chosen_columns(arguments, listing)
    form = arguments.output
    if form in _DOCUMENTS:
        return show_document(form, document())
    if form not in _TABLES:
        only = listing.column(listing.name if form == "name" else listing.key)
        show_names(only.of(row) for row in rows)
        return 0
    sys.stdout.write(head + table_of(shown, rows, getattr(arguments, "color", "auto")) + tail)
    if nothing and not rows:
        note(nothing)
    return 0


def show_text(arguments: argparse.Namespace, text: Callable[[], str], document: Callable[[], Any]) -> int:
    """Print one thing in the form that was asked for: ``text`` for people, ``document`` for programs.

    Returns:
        0, the exit status.
    """
    if arguments.output in _DOCUMENTS:
        return show_document(arguments.output, document())
    sys.stdout.write(text())
    return 0


def show_names(names: Iterable[object]) -> None:
    """Print names one a line, at once: somebody may be reading them."""
    sys.stdout.write("".join(f"{name}\n" for name in names))
    sys.stdout.flush()


def chosen_columns(arguments: argparse.Namespace, listing: Listing) -> Sequence[Column]:
    """The columns that ``--columns`` or ``--output`` ask for.

    Raises:
        UsageError: ``--columns`` names one that there is not, or is given with JSON, YAML or names.
    """
    from hfai.model.errors import UsageError

    if arguments.columns is None:
        return [column for column in listing.columns if arguments.output == "wide" or not column.is_wide]
    if arguments.output not in _TABLES:
        raise UsageError("--columns is for tables: leave it out with --json, --output {form} and -q", form="yaml|name")
    known = {column.name: column for column in listing.columns}
    wanted = [name.strip() for name in arguments.columns.split(",")]
    for name in wanted:
        if name not in known:
            raise UsageError("--columns: no column {name}; there are: {known}", name=name or "''", known=", ".join(known))
    return [known[name] for name in wanted]


def table_of(columns: Sequence[Column], rows: Sequence[Any], color: str = "auto") -> str:
    """A table of the rows, as wide as the terminal allows; ``color``: the value of ``--color``."""
    from hfai.cli.table import table

    is_plain = not is_coloured(sys.stdout, color)
    colours = {} if is_plain else {at: column.colour for at, column in enumerate(columns) if column.colour}
    cells = [[column.of(row) for column in columns] for row in rows]
    return table([column.name for column in columns], cells, room=room(), colours=colours)


def room() -> Optional[int]:
    """The width of the screen; None where stdout is no terminal and everything is shown in full."""
    if not sys.stdout.isatty():
        return None
    try:
        width = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        width = 0
    told = os.environ.get("COLUMNS", "")
    return width or (int(told) if told.isdecimal() else 0) or 80


def headline(title: str) -> str:
    """The line above a section, in the tutorial's form; its rules are shorter on a narrow screen."""
    length, columns = _RULE, room()
    if columns is not None:
        from hfai.cli.text_width import text_width

        length = max(min(length, (columns - text_width(title) - 2) // 2), 1)
    return f"{'=' * length} {title} {'=' * length}\n"


def is_coloured(stream: TextIO, wanted: str = "auto") -> bool:
    """Whether to colour what goes to the stream, for the value of ``--color``."""
    if wanted != "auto":
        return wanted == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(value: Any) -> None:
    """One JSON document on stdout, indented, non-ASCII as it is."""
    import json  # more than a Tab may take

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def note(text: str) -> None:
    """One line for people, on stderr, after what is on stdout so far."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show_document(form: str, value: Any) -> int:
    """Print a document as ``json`` or ``yaml``.

    Returns:
        0, the exit status.
    """
    if form == "json":
        print_json(value)
        return 0
    from hfai.model.yaml_write import yaml_text

    sys.stdout.write(yaml_text(value))
    return 0


def _list_completions(prefix: str, names: Sequence[str]) -> list[str]:
    """For ``a,b,c``: what the last word may become, with the words in front of it."""
    before, comma, last = prefix.rpartition(",")
    taken = before.split(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last) and name not in taken]
