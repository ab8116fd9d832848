"""``hai-cli platform node cordon NAME``: nothing new onto a node; what runs there stays."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, add_quiet, note, print_json, say_done

EXAMPLES = (
    ("hai-cli platform node cordon cpu-3", mark("nothing new on it; what runs there stays")),
    ("hai-cli platform node cordon cpu-3 --reason 'disk full'", mark("the same with a reason, which waiting tasks show")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NODE", help=tr("name of a node"))
    parser.add_argument("--reason", default="", metavar="TEXT", help=tr("why; tasks that wait because of it show it"))
    add_json(parser)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.node_columns import node_json
    from hfai.client import cordon_node

    node = cordon_node(arguments.name, arguments.reason)
    if arguments.json:
        print_json(node_json(node))
        return 0
    say_done(arguments, tr("node {name} is cordoned: it takes nothing new", name=node.name))
    if node.working_task_id is not None and not arguments.quiet:
        note(tr("task {id} on it goes on", id=node.working_task_id))
    return 0
