"""``hai-cli logs <experiment>``: the log of one or more ranks, as it is or as it grows."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from hfai.cli.completion_names import log_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.log_options import add_selection, stdout_bytes, view_for
from hfai.cli.log_times import point_in_time
from hfai.cli.output import add_color, add_json, headline, print_json
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli logs my_exp", mark("the log of rank 0")),
    ("hai-cli logs -f my_exp --rank 1", mark("follow rank 1 until the task ends")),
    ("hai-cli logs my_exp -r all --since 10m --grep loss", mark("what all ranks said about the loss in the last ten minutes")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, completer=log_names)
    parser.add_argument(
        "-f", "--follow", action="store_true", help=tr("go on until the task has ended; exits with its exit code")
    )
    parser.add_argument(
        "-c", "--container", action="store_true", help=tr("what the platform says about the rank, instead of what the task wrote")
    )
    add_selection(parser)
    add_json(parser)
    add_color(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.following import show_log
    from hfai.cli.task_columns import TASKS
    from hfai.cli.task_tables import task_tables
    from hfai.client import resolve

    if arguments.tail is not None and arguments.tail < 0:
        raise UsageError("--tail {tail}: it must be a number of lines, 0 or more", tail=arguments.tail)
    if arguments.raw and arguments.json:
        raise UsageError("--raw and --json cannot be had together")
    if arguments.container:
        return _container(arguments)
    now = datetime.now()
    times = {
        name: point_in_time(text, now) for name in ("since", "until") if (text := getattr(arguments, name)) is not None
    }
    experiment = resolve(arguments.experiment, arguments.kind)
    view = view_for(arguments, stdout_bytes(), experiment.nodes)

    def begin() -> None:
        if not arguments.json and not arguments.raw:
            sys.stdout.write(task_tables(experiment, [*TASKS.columns[:5], TASKS.column("created_at")], arguments.color))
            sys.stdout.write(fetching_line(arguments.rank))
        sys.stdout.flush()

    return show_log(
        experiment, view, follow=arguments.follow, begin=begin, rank=arguments.rank, tail=arguments.tail, **times
    )


def _container(arguments: argparse.Namespace) -> int:
    """``-c``: one rank, whole, at once."""
    from hfai.client import resolve

    given = {"--follow": arguments.follow, "--raw": arguments.raw, "--grep": arguments.grep, "--since": arguments.since}
    for option, value in {**given, "--until": arguments.until, "--tail": arguments.tail is not None}.items():
        if value:
            raise UsageError("{option} and --container cannot be had together", option=option)
    if not arguments.rank.isascii() or not arguments.rank.isdecimal():
        raise UsageError("--container shows one rank: name it with --rank, not {rank}", rank=arguments.rank)
    rank = int(arguments.rank)
    text = resolve(arguments.experiment, arguments.kind).container_log(rank)
    if arguments.json:
        print_json({"rank": rank, "text": text})
    else:
        sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")
    return 0


def fetching_line(rank: str) -> str:
    """The line between the tables and the log, in the tutorial's form."""
    return headline(f" fetching  log on rank {rank}...")
