"""``hai-cli context list``: the servers in the configuration; the current one is marked."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark
from hfai.cli.output import Column, Listing, add_output, show_rows
from hfai.cli.server_text import server_text

CONTEXTS = Listing(
    columns=(
        Column("current", lambda context: "*" if context.is_current else ""),
        Column("name"),
        Column("url", lambda context: server_text(context.url)),
        Column("kind", lambda context: context.kind or ""),
        Column("user", lambda context: context.user or ""),
    ),
    name="name",
    key="name",
)
EXAMPLES = (
    ("hai-cli context list", mark("every server that was set up; * marks the one in use")),
    ("hai-cli context list --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser, CONTEXTS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import contexts

    found = contexts()
    return show_rows(arguments, CONTEXTS, found, lambda: [context._asdict() for context in found])
