"""``hai-cli workspace list``: your workspaces on the platform."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, show_rows

if TYPE_CHECKING:
    from hfai.client import WorkspaceInfo


def _size(info: WorkspaceInfo) -> str:
    from hfai.cli.sizes import size_text

    return size_text(info.size_bytes)


def _pushed_at(info: WorkspaceInfo) -> str:
    return info.pushed_at.isoformat(" ", "seconds") if info.pushed_at else ""


WORKSPACES = Listing(
    columns=(
        Column("name"),
        Column("version"),
        Column("files"),
        Column("size", _size),
        Column("pushed_at", _pushed_at),
        Column("created_at", lambda info: info.created_at.isoformat(" ", "seconds"), is_wide=True),
    ),
    name="name",
    key="name",
)
EXAMPLES = (
    ("hai-cli workspace list", mark("your workspaces, with how often and when they were pushed")),
    ("hai-cli workspace list -q", mark("only their names")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser, WORKSPACES)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import list_workspaces

    found = list_workspaces()
    nothing = tr("you have no workspaces: `hai-cli workspace init NAME` makes the current directory one")
    return show_rows(arguments, WORKSPACES, found, lambda: [_json(info) for info in found], nothing=nothing)


def _json(info: WorkspaceInfo) -> dict[str, Any]:
    at = info.pushed_at
    return {**info._asdict(), "created_at": info.created_at.isoformat(), "pushed_at": at.isoformat() if at else None}
