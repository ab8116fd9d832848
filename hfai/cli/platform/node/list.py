"""``hai-cli platform node list``: every node, and which of them take nothing new."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from hfai.cli.language import tr
from hfai.cli.output import add_json, print_json

if TYPE_CHECKING:
    from hfai.client import NodeInfo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.table import table
    from hfai.client import nodes

    found = nodes()
    if arguments.json:
        print_json([node_json(node) for node in found])
        return 0
    header = [tr("node"), tr("group"), tr("state"), tr("reason"), tr("by"), tr("since")]
    sys.stdout.write(table(header, [_row(node) for node in found]))
    return 0


def node_json(node: NodeInfo) -> dict[str, Any]:
    """A node as ``--json`` prints it."""
    at = node.cordoned_at
    return {**node._asdict(), "is_cordoned": node.is_cordoned, "cordoned_at": at.isoformat() if at else None}


def _row(node: NodeInfo) -> list[str]:
    at = node.cordoned_at
    return [
        node.name,
        node.group,
        tr("cordoned") if node.is_cordoned else tr("ready") if node.is_ready else tr("not ready"),
        node.cordon_reason or "",
        node.cordoned_by or "",
        at.isoformat(sep=" ", timespec="seconds") if at else "",
    ]
