"""``hai-cli platform node uncordon NAME``: a node takes tasks again."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, add_quiet, print_json, say_done

EXAMPLES = (
    ("hai-cli platform node uncordon cpu-3", mark("let it take tasks again")),
    ("hai-cli platform node uncordon cpu-3 --json", mark("the same, and the node for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NODE", help=tr("name of a node"))
    add_json(parser)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.node_columns import node_json
    from hfai.client import uncordon_node

    node = uncordon_node(arguments.name)
    if arguments.json:
        print_json(node_json(node))
    else:
        say_done(arguments, tr("node {name} takes tasks again", name=node.name))
    return 0
