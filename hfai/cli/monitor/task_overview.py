"""``hai-cli monitor task-overview``: everybody's unfinished tasks: who has nodes, who waits and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, note, show_rows
from hfai.cli.queue_columns import QUEUE, priority_name, queue_json
from hfai.model.errors import UsageError

if TYPE_CHECKING:
    from hfai.client import TaskOverview

LARGEST = 1000

EXAMPLES = (
    ("hai-cli monitor task-overview", mark("how many tasks run and wait, which, and why they wait")),
    ("hai-cli monitor task-overview --limit 5 --output wide", mark("the first five of each line, with their nodes and times")),
    ("hai-cli monitor task-overview --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        type=int,
        default=100,
        metavar="N",
        help=tr("list at most N that run, and N that wait for each group; all are counted; default: 100"),
    )
    add_output(parser, QUEUE)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import task_overview

    if not 0 <= arguments.limit <= LARGEST:
        raise UsageError("--limit {limit}: it must be from 0 to {most}", limit=arguments.limit, most=LARGEST)
    overview = task_overview(arguments.limit)
    if not overview.is_whole:
        note(tr("this platform shows you only your own tasks; the numbers are those of everybody"))
    return show_rows(arguments, QUEUE, overview.tasks, lambda: queue_json(overview), head=f"{counts_text(overview)}\n")


def counts_text(overview: TaskOverview) -> str:
    """How many tasks there are, in one line."""
    text = tr("tasks: {running} running, {waiting} waiting", running=overview.running, waiting=overview.waiting)
    if not overview.counts:
        return text
    each = ", ".join(f"{priority_name(one.priority)} {one.running}+{one.waiting}" for one in overview.counts)
    return text + tr(" ({each})", each=each)
