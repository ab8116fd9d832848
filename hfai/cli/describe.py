"""``hai-cli describe <experiment>``: the task file of a task, for the next ``hai-cli run``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hfai.cli.experiment_argument import add_experiment
from hfai.cli.output import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    if arguments.json:
        print_json(task_file_json(experiment.schema))
    else:
        sys.stdout.write(experiment.schema)
    return 0


def task_file_json(text: str) -> Any:
    """A task file as JSON."""
    from hfai.model.taskfile import load_task_file

    return load_task_file(text).to_wire()
