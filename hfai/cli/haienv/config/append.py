"""``haienv config append``: one more directory or variable for an environment."""

from __future__ import annotations

import argparse

from hfai.cli.haienv.arguments import KEYS, add_which
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, say_done

EXAMPLES = (
    ("hai-cli haienv config append -n extenv -k extra_environment -v OMP_NUM_THREADS=4", mark("a variable")),
    ("hai-cli haienv config append -n extenv -k extra_search_dir -v .", mark("a directory to import modules from")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_which(parser)
    parser.add_argument(
        "-k", "--key", required=True, choices=KEYS, metavar="KEY", help=tr("one of {keys}", keys=", ".join(KEYS))
    )
    parser.add_argument("-v", "--value", required=True, metavar="TEXT", help=tr("a directory, or K=V"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv
    from hfai.haienv.engines import checked

    value = checked(arguments.key, arguments.value)
    haienv.configure(arguments.name, arguments.key, lambda old: [*(one for one in old if one != value), value])
    say_done(
        arguments, tr("environment {name}: {key} has {value} now", name=arguments.name, key=arguments.key, value=value)
    )
    return 0
