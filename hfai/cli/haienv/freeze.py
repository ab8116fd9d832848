"""``haienv freeze NAME``: the packages of an environment as a requirements.txt."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.haienv.arguments import add_name, add_owner
from hfai.cli.language import mark

EXAMPLES = (
    ("hai-cli haienv freeze extenv > requirements.txt", mark("what it holds itself, not what it extends")),
    ("hai-cli haienv freeze extenv -u alice", mark("another user's")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_owner(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv
    from hfai.haienv.requirements import frozen

    sys.stdout.write("".join(f"{line}\n" for line in frozen(haienv.find(arguments.name, arguments.user))))
    return 0
