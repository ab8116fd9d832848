"""``hai-cli workspace init NAME``: make this directory a workspace."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note, say_done

EXAMPLES = (
    ("hai-cli workspace init my_code", mark("this directory, and what is below it, becomes workspace my_code")),
    ("hai-cli workspace init my_code -q", mark("the same, without a word")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help=tr("what it is called on the platform: letters, digits and _ . + -")
    )
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import init_workspace

    info, is_new = init_workspace(arguments.name)
    if is_new or not info.files:
        say_done(arguments, tr("this directory is workspace {name} now", name=info.name))
        if not arguments.quiet:
            note(tr("  take it to the platform: hai-cli workspace push"))
        return 0
    text = tr(
        "this directory is workspace {name} now; files that it has on the platform: {files}",
        name=info.name,
        files=info.files,
    )
    say_done(arguments, text)
    if not arguments.quiet:
        note(tr("  bring them here: hai-cli workspace pull"))
    return 0
