"""``hai-cli platform node cordon NODE...``: nothing new onto nodes; what runs there stays."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, add_quiet, note, say_done

if TYPE_CHECKING:
    from hfai.client import NodeInfo

EXAMPLES = (
    ("hai-cli platform node cordon cpu-3", mark("nothing new on it; what runs there stays")),
    ("hai-cli platform node cordon cpu-3 cpu-4", mark("two of them")),
    ("hai-cli platform node cordon cpu-3 --reason 'disk full'", mark("the same with a reason, which waiting tasks show")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="+", metavar="NODE", help=tr("name of a node"))
    parser.add_argument("--reason", default="", metavar="TEXT", help=tr("why; tasks that wait because of it show it"))
    add_json(parser)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.node.each_node import each_node
    from hfai.client import cordon_node

    def say(node: NodeInfo) -> None:
        say_done(arguments, tr("node {name} is cordoned: it takes nothing new", name=node.name))
        if node.working_task_id is not None and not arguments.quiet:
            note(tr("task {id} on it goes on", id=node.working_task_id))

    return each_node(arguments, arguments.name, lambda name: cordon_node(name, arguments.reason), say)
