"""``<experiment>``: an id, a name (the newest of it) or a task file; ``-t`` forces which."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.completion_names import all_names
from hfai.cli.language import tr

if TYPE_CHECKING:
    from hfai.client import Experiment

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


def experiment_word(experiment: Experiment) -> str:
    """What one types for a task: its name, as the shell takes it, or its id where the name would be taken for something else."""
    name = experiment.nb_name
    is_something_else = name.startswith("-") or name.isdecimal() or name.endswith((".yml", ".yaml"))
    return str(experiment.id) if is_something_else else shlex.quote(name)
