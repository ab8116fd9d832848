"""``hai-cli priority <experiment> <priority>``: another priority for a task that has not ended."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.completion_names import unfinished_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli priority my_exp HIGH", mark("let it go before tasks of normal priority")),
    ("hai-cli priority 397246 AUTO", mark("the highest priority that has room, by id")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, completer=unfinished_names)
    parser.add_argument(
        "priority", metavar="<priority>", help=tr("name or number, for example HIGH or 30; AUTO: the highest with room")
    )
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import EXP_PRIORITY, resolve

    number = _number(arguments.priority)
    experiment = resolve(arguments.experiment, arguments.kind)
    experiment.set_priority(number)
    if arguments.quiet:
        return 0
    text = tr(
        "task {id} ({name}) has priority {priority} now",
        id=experiment.id,
        name=experiment.nb_name,
        priority=f"{EXP_PRIORITY(number).name} ({number})",
    )
    sys.stdout.write(f"{text}\n")
    return 0


def _number(text: str) -> int:
    """The number of a priority given by name or number."""
    from hfai.client import EXP_PRIORITY

    levels = {level.name: int(level) for level in EXP_PRIORITY}
    word = text.upper().replace("-", "_") if not text.lstrip("-").isdecimal() else text
    known = {**levels, **{str(number): number for number in levels.values()}}
    if word not in known:
        allowed = ", ".join(f"{name} ({number})" for name, number in levels.items())
        raise UsageError("priority {priority} is none of {allowed}", priority=text, allowed=allowed)
    return known[word]
