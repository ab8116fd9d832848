"""``hai-cli status <experiment>``: a task and its jobs, why it started, how and why it was suspended, why it waits, how it ended."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.experiment_argument import add_experiment
from hfai.cli.output import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.decision_lines import decision_lines
    from hfai.cli.task_json import task_json
    from hfai.cli.task_tables import end_lines, task_tables, waiting_line
    from hfai.client import resolve

    experiment = resolve(arguments.experiment, arguments.kind)
    if arguments.json:
        print_json(task_json(experiment))
        return 0
    sys.stdout.write(task_tables(experiment))
    waiting = waiting_line(experiment)
    lines = [*decision_lines(experiment), *([waiting] if waiting else end_lines(experiment))]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
