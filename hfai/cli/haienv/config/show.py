"""``haienv config show``: what else is set while an environment is active."""

from __future__ import annotations

import argparse

from hfai.cli.haienv.arguments import KEYS, add_which
from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, show_rows

CONFIG = Listing(
    columns=(Column("key", lambda row: row[0]), Column("value", lambda row: row[1])), name="key", key="value"
)
EXAMPLES = (
    ("hai-cli haienv config show -n extenv", mark("everything")),
    ("hai-cli haienv config show -n extenv -k extra_environment --json", mark("one key, for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_which(parser)
    parser.add_argument(
        "-k", "--key", choices=KEYS, metavar="KEY", help=tr("only this key: {keys}", keys=", ".join(KEYS))
    )
    parser.add_argument("-u", "--user", metavar="OWNER", help=tr("whose environment; default: yours"))
    add_output(parser, CONFIG)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv

    config = haienv.find(arguments.name, arguments.user).config
    shown = {key: config[key] for key in KEYS if arguments.key in (None, key)}
    rows = [(key, value) for key, values in shown.items() for value in values]
    return show_rows(arguments, CONFIG, rows, lambda: shown)
