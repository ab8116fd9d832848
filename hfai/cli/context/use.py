"""``hai-cli context use NAME``: which server commands go to from now on."""

from __future__ import annotations

import argparse
import os

from hfai.cli.completion_names import context_names
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note, say_done
from hfai.cli.server_text import server_text

EXAMPLES = (
    ("hai-cli context use lab", mark("every later command goes there")),
    ("hai-cli context use local", mark("back to the engine on this machine")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    action = parser.add_argument("name", metavar="NAME", help=tr("name of a context; local: the engine on this machine"))
    action.completer = context_names  # type: ignore[attr-defined]
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import use_context

    context = use_context(arguments.name)
    server = server_text(context.url)
    say_done(arguments, tr("now using {name}: {server}", name=context.name, server=server))
    chosen = os.environ.get("HFAI_CONTEXT")
    if chosen and chosen != context.name:
        note(tr("HFAI_CONTEXT is set and goes before this: {name}", name=chosen))
    return 0
