"""``hai-cli workspace remove NAME``: remove a workspace from the platform."""

from __future__ import annotations

import argparse

from hfai.cli.asking import can_ask, is_agreed
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, say_done
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli workspace remove my_code", mark("asks first; the directory here stays as it is")),
    ("hai-cli workspace remove my_code --yes", mark("does not ask, for scripts")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("which workspace"))
    parser.add_argument("-y", "--yes", action="store_true", help=tr("do not ask"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import remove_workspace

    name = arguments.name
    if not arguments.yes:
        if not can_ask():
            raise UsageError("this removes workspace {name} and all that tasks have made in it: say --yes", name=name)
        if not is_agreed(tr("remove workspace {name} and all that tasks have made in it? [y/N] ", name=name)):
            return 1
    remove_workspace(name)
    say_done(arguments, tr("removed workspace {name} from the platform; the directory here stays", name=name))
    return 0
