"""``<experiment>``: an id, a name (the newest of it) or a task file; ``-t`` forces which."""

from __future__ import annotations

import argparse
from typing import Any, Optional

from hfai.cli.completion_names import all_names
from hfai.cli.language import tr

KINDS = ("auto", "id", "name", "yaml")


def add_experiment(parser: argparse.ArgumentParser, nargs: Optional[str] = None, completer: Any = all_names) -> None:
    """The positional argument and its ``-t``."""
    action = parser.add_argument(
        "experiment", nargs=nargs, metavar="<experiment>", help=tr("id, name (the newest of that name) or task file")
    )
    action.completer = completer  # type: ignore[attr-defined]
    parser.add_argument(
        "-t",
        "--type",
        dest="kind",
        choices=KINDS,
        default="auto",
        metavar="|".join(KINDS),
        help=tr("what <experiment> is; default: auto"),
    )
