"""``hai-cli context remove NAME``: a server and its token out of the configuration."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.completion_names import removable_contexts
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet
from hfai.cli.server_text import server_text

EXAMPLES = (
    ("hai-cli context remove lab", mark("forget that server and its token; the token stays valid there")),
    ("hai-cli context remove lab -q", mark("the same, without a word")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    action = parser.add_argument("name", metavar="NAME", help=tr("name of a context"))
    action.completer = removable_contexts  # type: ignore[attr-defined]
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import remove_context

    now = remove_context(arguments.name)
    if not arguments.quiet:
        server = server_text(now.url)
        removed = tr("removed {name}", name=arguments.name)
        sys.stdout.write(f"{removed}\n{tr('now using {name}: {server}', name=now.name, server=server)}\n")
    return 0
