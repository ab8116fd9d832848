"""``haienv config clear``: take directories or variables of an environment away again."""

from __future__ import annotations

import argparse

from hfai.cli.haienv.arguments import KEYS, add_which
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, say_done
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli haienv config clear -n extenv -k extra_environment", mark("all of a key")),
    ("hai-cli haienv config clear -n extenv -k extra_environment -v OMP_NUM_THREADS=4", mark("one value of it")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_which(parser)
    parser.add_argument(
        "-k", "--key", required=True, choices=KEYS, metavar="KEY", help=tr("one of {keys}", keys=", ".join(KEYS))
    )
    parser.add_argument("-v", "--value", metavar="TEXT", help=tr("only this value; default: all"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv

    name, key, value = arguments.name, arguments.key, arguments.value
    if value is not None and value not in haienv.find(name).config[key]:
        raise UsageError("environment {name}: {key} has no {value}", name=name, key=key, value=value)
    haienv.configure(name, key, lambda old: [one for one in old if value is not None and one != value])
    say_done(arguments, tr("environment {name}: {key} is cleared", name=name, key=key))
    return 0
