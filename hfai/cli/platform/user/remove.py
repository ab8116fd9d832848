"""``hai-cli platform user remove NAME``: somebody may not use the engine any more."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet

EXAMPLES = (
    ("hai-cli platform user remove bob", mark("with tokens and quotas; their finished tasks stay in the history")),
    ("hai-cli platform user remove bob -q", mark("the same, without a word")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("name of the user"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import remove_user

    user = remove_user(arguments.name)
    if not arguments.quiet:
        sys.stdout.write(tr("removed {name}", name=user.user_name) + "\n")
    return 0
