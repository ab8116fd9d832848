"""``hai-cli platform node list``: every node, and which of them take nothing new."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.language import mark, tr
from hfai.cli.node_columns import node_json, reason_text
from hfai.cli.output import Column, Listing, add_output, show_rows

if TYPE_CHECKING:
    from hfai.client import NodeInfo


def _state(node: NodeInfo) -> str:
    return tr("cordoned") if node.is_cordoned else tr("ready") if node.is_ready else tr("not ready")


def _cordoned_at(node: NodeInfo) -> str:
    return node.cordoned_at.isoformat(" ", "seconds") if node.cordoned_at else ""


NODES = Listing(
    columns=(
        Column("name"),
        Column("group"),
        Column("state", _state),
        Column("cordon_reason", reason_text),
        Column("cordoned_by"),
        Column("cordoned_at", _cordoned_at),
    ),
    name="name",
    key="name",
)
EXAMPLES = (
    ("hai-cli platform node list", mark("which nodes take tasks, and why some do not")),
    ("hai-cli platform node list --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser, NODES)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import nodes

    found = nodes()
    return show_rows(arguments, NODES, found, lambda: [node_json(node) for node in found])

