"""One act on several nodes: lines for people, or the nodes as they are then for programs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Callable, Sequence

from hfai.cli.each_task import each
from hfai.cli.output import print_json

if TYPE_CHECKING:
    from hfai.client import NodeInfo


def each_node(
    arguments: argparse.Namespace, names: Sequence[str], act: Callable[[str], NodeInfo], say: Callable[[NodeInfo], None]
) -> int:
    """Do it to each node; see :func:`hfai.cli.each_task.each`.

    Args:
        arguments: with ``name`` (words) and ``json``, which prints the one that was named, or a list.
        names: of the nodes.
        act: does it; returns the node as it is then.
        say: what that means, for people.
    """
    from hfai.cli.node_columns import node_json

    done = []

    def one(name: str) -> None:
        node = act(name)
        done.append(node_json(node))
        if not arguments.json:
            say(node)

    status = each(names, one)
    if arguments.json and len(set(arguments.name)) != 1:
        print_json(done)
    elif arguments.json and done:
        print_json(done[0])
    return status
