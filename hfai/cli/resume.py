"""``hai-cli resume <experiment>...``: queue tasks again that have ended; those that wait or run are left as they are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet

if TYPE_CHECKING:
    from hfai.client import Experiment

EXAMPLES = (
    ("hai-cli resume my_exp", mark("a new run of a task that has ended, from its last checkpoint")),
    ("hai-cli resume 397246 397247", mark("the same for two tasks, by id")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, nargs="+")
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.each_task import each_task

    return each_task(arguments, _resume)


def _resume(experiment: Experiment) -> str:
    """Resume one task and say in one line what that does."""
    before, named = experiment.chain_status, {"id": experiment.id, "name": experiment.nb_name}
    if before == "running":
        return tr("task {id} ({name}) is running", **named)
    experiment.resume()
    if before == "finished":
        return tr("task {id} ({name}) is in the queue again", id=experiment.id, name=experiment.nb_name)
    return tr("task {id} ({name}) is in the queue already", **named)
