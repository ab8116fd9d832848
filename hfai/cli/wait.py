"""``hai-cli wait <experiment>...``: block until tasks have ended, run or are suspended; exits with the code of the first that failed."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Optional, Sequence

from hfai.cli.argument_types import seconds
from hfai.cli.completion_names import unfinished_names
from hfai.cli.experiment_argument import add_experiment, experiment_word
from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, add_quiet, is_document, note, show_document, show_names
from hfai.model.errors import HfaiError, RefusedError, WaitTimeout

if TYPE_CHECKING:
    from hfai.client import Experiment

_STATES = ("finished", "running", "suspended")
_ONE_GOES_ON = (
    "interrupted: task {id} ({name}) goes on; `hai-cli wait {word}` waits for it again, `hai-cli stop {word}` stops it"
)
_SEVERAL_GO_ON = "interrupted: {count} tasks go on: {names}"

EXAMPLES = (
    ("hai-cli wait my_exp", mark("until it has ended; exits with its exit code")),
    ("hai-cli wait my_exp --for running --timeout 60", mark("until it runs, for a minute at most")),
    ("hai-cli wait 397246 397247 && python3 report.py", mark("two tasks, then something that needs both")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, nargs="+", completer=unfinished_names)
    parser.add_argument(
        "--for",
        dest="until",
        choices=_STATES,
        default="finished",
        metavar="|".join(_STATES),
        help=tr("what to wait for; default: {value}", value="finished"),
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="S",
        help=tr("seconds to wait at most, then exit with 124; default: no limit"),
    )
    add_output(parser, names=tr("each task as soon as it has come there"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import resolve, wait_each

    tasks = [resolve(word, arguments.kind) for word in dict.fromkeys(arguments.experiment)]
    newest = {task.chain_id: task for task in tasks}
    waiting = dict(newest)
    is_told = arguments.output == "table" and not arguments.quiet
    if is_told:
        _say_why_they_wait(tasks)
    failure: Optional[HfaiError] = None
    try:
        for task in wait_each(tasks, arguments.until, arguments.timeout):
            newest[task.chain_id] = task
            del waiting[task.chain_id]
            if is_told:
                _tell(task, arguments.until)
            elif arguments.output == "name" and _has_reached(task, arguments.until):
                show_names([task.nb_name])
    except WaitTimeout as error:
        failure = error
    except KeyboardInterrupt:
        if not waiting:
            raise
        raise _interrupted(list(waiting.values())) from None
    if is_document(arguments):
        show_document(arguments.output, _document(list(newest.values()), waiting, arguments.until))
    if failure is not None:
        raise failure
    statuses = (_exit_status(task, arguments.until) for task in newest.values())
    return next((status for status in statuses if status), 0)


def _say_why_they_wait(tasks: Sequence[Experiment]) -> None:
    from hfai.cli.task_tables import waiting_line

    for task in tasks:
        if (line := waiting_line(task)) is not None:
            note(line)


def _tell(task: Experiment, until: str) -> None:
    """A line about a task that has come as far as it will."""
    from hfai.cli.task_tables import end_lines

    data = {"id": task.id, "name": task.nb_name, "status": task.exit_status}
    if until == "finished":
        line = tr("task {id} ({name}) has finished with exit code {status}", **data)
    elif task.is_finished:
        line = tr(
            "task {id} ({name}) will not be {until} any more: it has finished with exit code {status}",
            until=until,
            **data,
        )
    elif until == "running":
        line = tr("task {id} ({name}) is running", **data)
    else:
        line = tr("task {id} ({name}) was suspended", **data)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    for more in end_lines(task):
        note(more)


def _exit_status(task: Experiment, until: str) -> int:
    """What a task adds to the exit status: 0 once it got there, else its own."""
    if not task.is_finished:
        return 0
    # Whoever waits for a suspension must not take a good end for one; a task that ended well has run.
    return task.exit_status or (RefusedError.exit_status if until == "suspended" else 0)


def _interrupted(left: Sequence[Experiment]) -> HfaiError:
    from hfai.cli.following import Interrupted

    if len(left) == 1:
        return Interrupted(_ONE_GOES_ON, id=left[0].id, name=left[0].nb_name, word=experiment_word(left[0]))
    return Interrupted(_SEVERAL_GO_ON, count=len(left), names=", ".join(task.nb_name for task in left))


def _has_reached(task: Experiment, until: str) -> bool:
    """Whether a task that is not waited for any more is what was waited for."""
    return until == "finished" or not task.is_finished


def _document(tasks: Sequence[Experiment], waiting: dict[str, Experiment], until: str) -> dict[str, Any]:
    from hfai.cli.task_json import task_json

    rows = [
        {
            "reached": task.chain_id not in waiting and _has_reached(task, until),
            "task": task_json(task.refresh() if task.chain_id in waiting else task),
        }
        for task in tasks
    ]
    return {"for": until, "tasks": rows}
