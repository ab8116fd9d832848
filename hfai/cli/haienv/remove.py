"""``haienv remove NAME``: remove an environment (tutorial, use case 1)."""

from __future__ import annotations

import argparse

from hfai.cli.asking import can_ask, is_agreed
from hfai.cli.haienv.arguments import add_name
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, say_done
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli haienv remove extenv", mark("asks first; refused while a running task uses it")),
    ("hai-cli haienv remove extenv --yes", mark("does not ask, for scripts")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("-y", "--yes", action="store_true", help=tr("do not ask"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv

    one = haienv.find(arguments.name)
    if not arguments.yes:
        if not can_ask():
            raise UsageError(
                "this removes environment {name} with all that is installed in it: say --yes", name=one.name
            )
        if not is_agreed(tr("remove environment {name} with all that is installed in it? [y/N] ", name=one.name)):
            return 1
    haienv.remove(arguments.name)
    say_done(arguments, tr("removed environment {name}", name=arguments.name))
    return 0
