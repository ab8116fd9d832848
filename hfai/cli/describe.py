"""``hai-cli describe <experiment>``: the task file of a task, for the next ``hai-cli run``."""

from __future__ import annotations

import argparse
from typing import Any

from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark
from hfai.cli.output import add_output, show_text

EXAMPLES = (
    ("hai-cli describe my_exp > next.yaml", mark("a file to change and hand to hai-cli run")),
    ("hai-cli describe 397246 --json", mark("the same as JSON, of an older task")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    return show_text(arguments, lambda: experiment.schema, lambda: task_file_json(experiment.schema))


def task_file_json(text: str) -> Any:
    """A task file as JSON."""
    from hfai.model.taskfile import load_task_file

    return load_task_file(text).to_wire()
