"""``hai-cli status <experiment>``: a task and its jobs, why it started, how and why it was suspended, why it waits, how it ended."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Sequence

from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark
from hfai.cli.output import Column, add_output, chosen_columns, show_rows
from hfai.cli.task_columns import TASKS

if TYPE_CHECKING:
    from hfai.client import Experiment

EXAMPLES = (
    ("hai-cli status my_exp", mark("the newest task of that name, its jobs and why it waits")),
    ("hai-cli status my_exp --json | python3 -m json.tool", mark("the whole task for programs")),
    ("hai-cli status -t id 397246", mark("an older task, by id")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser)
    add_output(parser, TASKS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    if arguments.columns is None and arguments.output in ("table", "wide"):
        sys.stdout.write(_tables(experiment, chosen_columns(arguments, TASKS), arguments.color))
        return 0
    return show_rows(arguments, TASKS, [experiment], lambda: _document(experiment))


def _tables(experiment: Experiment, columns: Sequence[Column], color: str) -> str:
    from hfai.cli.decision_lines import decision_lines
    from hfai.cli.task_tables import end_lines, task_tables, waiting_line

    waiting = waiting_line(experiment)
    lines = [*decision_lines(experiment), *([waiting] if waiting else end_lines(experiment))]
    return task_tables(experiment, columns, color) + "".join(f"{line}\n" for line in lines)


def _document(experiment: Experiment) -> dict[str, Any]:
    from hfai.cli.task_json import task_json

    return task_json(experiment)
