"""``hai-cli priority <experiment> <priority>``: another priority for a task that has not ended."""

from __future__ import annotations

import argparse

from hfai.cli.completion_names import unfinished_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, say_done
from hfai.cli.priority_argument import priority_number

EXAMPLES = (
    ("hai-cli priority my_exp HIGH", mark("let it go before tasks of normal priority")),
    ("hai-cli priority 397246 AUTO", mark("the highest priority that has room, by id")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, completer=unfinished_names)
    parser.add_argument(
        "priority",
        type=priority_number,
        metavar="<priority>",
        help=tr("name or number, for example HIGH or 30; AUTO: the highest with room"),
    )
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import EXP_PRIORITY, resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    experiment.set_priority(arguments.priority)
    text = tr(
        "task {id} ({name}) has priority {priority} now",
        id=experiment.id,
        name=experiment.nb_name,
        priority=f"{EXP_PRIORITY(arguments.priority).name} ({arguments.priority})",
    )
    say_done(arguments, text)
    return 0
