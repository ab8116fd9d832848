"""``hai-cli suspend <experiment>...``: let running tasks save and yield; each is queued again by itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.completion_names import running_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet

if TYPE_CHECKING:
    from hfai.client import Experiment

EXAMPLES = (
    ("hai-cli suspend my_exp", mark("let it save and yield; it is queued again")),
    ("hai-cli suspend 397246 397247", mark("the same for two tasks, by id")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, nargs="+", completer=running_names)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.each_task import each_task

    return each_task(arguments, _suspend)


def _suspend(experiment: Experiment) -> str:
    """Suspend one task and say in one line what that does."""
    named = {"id": experiment.id, "name": experiment.nb_name}
    before = experiment.chain_status
    experiment.suspend()
    if before == "finished":
        return tr("task {id} ({name}) had ended before", **named)
    if before == "running":
        return tr("task {id} ({name}) is told to save and yield; it is queued again", **named)
    return tr("task {id} ({name}) is in the queue already", **named)
