"""``hai-cli nodes``: the nodes, who works where, and why some take nothing new."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Optional, Sequence

from hfai.cli.language import mark, tr
from hfai.cli.node_columns import NODES, STATES, node_json
from hfai.cli.output import add_output, note, show_rows, show_text
from hfai.model.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from hfai.client import NodeInfo

EXAMPLES = (
    ("hai-cli nodes", mark("every node, and which task works there")),
    ("hai-cli nodes --tree", mark("the groups as a tree, with their nodes")),
    ("hai-cli nodes --state free --output name", mark("only the names of those that are free")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tree", action="store_true", help=tr("groups as a tree: each dot in a group's name is one step down"))
    parser.add_argument("-g", "--group", metavar="GROUP", help=tr("only nodes of this group and of those below it"))
    parser.add_argument(
        "--state",
        action="append",
        choices=tuple(STATES),
        metavar="|".join(STATES),
        help=tr("only nodes in this state; may be given several times"),
    )
    add_output(parser, NODES)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import nodes

    if arguments.tree and (arguments.columns or arguments.output not in ("table", "json", "yaml")):
        raise UsageError("--tree is a form of its own: leave out --columns, --output wide, --output name and -q")
    every = nodes()
    of_group = [node for node in every if _is_in(node, arguments.group)]
    if every and not of_group:
        known = ", ".join(sorted({node.label or node.group for node in every}))
        raise NotFoundError("no group of nodes {group}; there are: {known}", group=arguments.group, known=known)
    found = [node for node in of_group if not arguments.state or node.state in arguments.state]
    if not found:
        note(_why_none(of_group, arguments.state))
    if arguments.tree:
        from hfai.cli.node_tree import tree_json, tree_of, tree_text

        root = tree_of(found)
        return show_text(arguments, lambda: tree_text(root), lambda: tree_json(root))
    return show_rows(arguments, NODES, found, lambda: [node_json(node) for node in found])


def _is_in(node: NodeInfo, group: Optional[str]) -> bool:
    if group is None:
        return True
    label = node.label or node.group
    return group == node.group or label == group or label.startswith(f"{group}.")


def _why_none(of_group: Sequence[NodeInfo], states: Optional[Sequence[str]]) -> str:
    if of_group:
        words = ", ".join(tr(STATES[state]) for state in states or ())
        return tr("none of the {count} nodes is in this state: {states}", count=len(of_group), states=words)
    return tr(
        "no nodes: the platform has published none; it looks about every 10 seconds, so try again, then ask its administrator"
    )
