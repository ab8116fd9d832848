"""``haienv export NAME``: an environment as an environment.yml, for ``haienv create --from`` and for conda."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.haienv.arguments import add_name, add_owner
from hfai.cli.language import mark

EXAMPLES = (
    ("hai-cli haienv export extenv > environment.yml", mark("its Python and its packages, each with its version")),
    ("hai-cli haienv export extenv -u alice", mark("another user's")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_owner(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv
    from hfai.haienv.requirements import exported

    sys.stdout.write(exported(haienv.find(arguments.name, arguments.user)))
    return 0
