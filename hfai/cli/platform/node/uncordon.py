"""``hai-cli platform node uncordon NODE...``: nodes take tasks again."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, add_quiet, say_done
from hfai.model.errors import UsageError

EXAMPLES = (
    ("hai-cli platform node uncordon cpu-3", mark("let it take tasks again")),
    ("hai-cli platform node uncordon --all", mark("every node that is cordoned")),
    ("hai-cli platform node uncordon cpu-3 --json", mark("the same, and the node for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="*", metavar="NODE", help=tr("name of a node"))
    parser.add_argument("--all", action="store_true", help=tr("every node that is cordoned"))
    add_json(parser)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.node.each_node import each_node
    from hfai.client import nodes, uncordon_node

    if arguments.all == bool(arguments.name):
        raise UsageError("name the nodes, or give --all")
    names = arguments.name or [node.name for node in nodes() if node.is_cordoned]
    if not names and not arguments.json:
        say_done(arguments, tr("no node is cordoned"))
    return each_node(
        arguments, names, uncordon_node, lambda node: say_done(arguments, tr("node {name} takes tasks again", name=node.name))
    )
