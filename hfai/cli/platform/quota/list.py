"""``hai-cli platform quota list``: what users are limited to, and what is in use of it."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, note, show_rows

QUOTAS = Listing(
    columns=(
        Column("user"),
        Column("group"),
        Column("priority"),
        Column("nodes"),
        Column("running"),
        Column("waiting"),
        Column("source"),
    ),
    name="user",
    key="user",
)
EXAMPLES = (
    ("hai-cli platform quota list", mark("every row, with the nodes that run and wait under it")),
    ("hai-cli platform quota list --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser, QUOTAS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import quota_rows

    rows = quota_rows()
    if not rows and arguments.output in ("table", "wide"):
        note(tr("no quotas: everybody may have every node"))
    return show_rows(arguments, QUOTAS, rows, lambda: [row._asdict() for row in rows])
