"""``hai-cli platform quota set NODES``: how many nodes may be held at once."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet
from hfai.cli.platform.quota.key_options import add_key, key_of, shown_key

_MOST_DIGITS = 6

EXAMPLES = (
    ("hai-cli platform quota set 2", mark("each user two nodes of each group, at each priority")),
    ("hai-cli platform quota set 4 --user bob --priority HIGH", mark("bob four at HIGH, which goes before the row above")),
    ("hai-cli platform quota set 0 --user @guests --group a100", mark("none of these nodes for a team")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("nodes", type=_nodes, metavar="NODES", help=tr("how many nodes, from 0"))
    add_key(parser)
    add_quiet(parser)


def _nodes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise argparse.ArgumentTypeError(tr("{value} is no number of nodes: it must be 0 or more", value=text))
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import set_quota

    row = set_quota(arguments.nodes, **key_of(arguments))
    if not arguments.quiet:
        key = shown_key(row.user, row.group, row.priority)
        sys.stdout.write(tr("{key}: nodes {nodes}", key=key, nodes=row.nodes) + "\n")
    return 0
