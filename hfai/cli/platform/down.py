"""``hai-cli platform down``: end the engine; tasks go on unless they are to be stopped."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note, say_done

EXAMPLES = (
    ("hai-cli platform down", mark("end the engine; running tasks go on")),
    ("hai-cli platform down --stop-tasks", mark("end the engine and everything that runs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop-tasks", action="store_true", help=tr("stop the tasks as well"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client.platform import engine_down, on_engine_silent

    on_engine_silent(_silent)
    if not engine_down(stop_tasks=arguments.stop_tasks):
        text = tr("the engine is not running")
    elif arguments.stop_tasks:
        text = tr("the engine has ended, and its tasks with it")
    else:
        text = tr("the engine has ended; its tasks go on")
    say_done(arguments, text)
    return 0


def _silent(pid: int) -> None:
    note(tr("hai-cli: the engine (process {pid}) does not answer; it is killed if that stays so, its tasks go on", pid=pid))
