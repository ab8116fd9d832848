"""``hai-cli stop <experiment>...``: stop tasks for good, as stopped, succeeded or failed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.completion_names import unfinished_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet

if TYPE_CHECKING:
    from hfai.client import Experiment

EXAMPLES = (
    ("hai-cli stop my_exp", mark("stop the newest task of that name")),
    ("hai-cli stop 397246 397247 --failed", mark("stop two tasks by id and count them as failed")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, nargs="+", completer=unfinished_names)
    outcome = parser.add_mutually_exclusive_group()
    outcome.add_argument(
        "--succeeded", dest="op", action="store_const", const="succeed", help=tr("count the task as succeeded")
    )
    outcome.add_argument("--failed", dest="op", action="store_const", const="fail", help=tr("count the task as failed"))
    parser.set_defaults(op="stop")
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.each_task import each_task

    return each_task(arguments, lambda experiment: _stop(experiment, arguments.op))


def _stop(experiment: Experiment, op: str) -> str:
    """Stop one task and say in one line what that does."""
    named = {"id": experiment.id, "name": experiment.nb_name}
    before = experiment.chain_status
    experiment.stop(op)
    if before == "finished":
        return tr("task {id} ({name}) had ended before", **named)
    if before == "running":
        return tr("task {id} ({name}) is being stopped", **named)
    return tr("task {id} ({name}) is out of the queue", **named)
