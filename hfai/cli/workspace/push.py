"""``hai-cli workspace push``: make the platform's side the same as here."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, show_text
from hfai.cli.workspace.pushing import (
    document_of,
    json_path,
    note_largest,
    note_skipped,
    paths_text,
    push_line,
    push_with_bar,
)
from hfai.cli.workspace.sync_options import add_pushing, pushing_of

EXAMPLES = (
    ("hai-cli workspace push", mark("send what changed, as a whole or not at all")),
    ("hai-cli workspace push --dry-run", mark("list what would travel, send nothing")),
    ("hai-cli workspace push --force", mark("also over what was changed on the platform meanwhile")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pushing(parser)
    parser.add_argument("--dry-run", action="store_true", help=tr("list what would travel, and change nothing"))
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    is_dry = arguments.dry_run
    pushed = push_with_bar(dry_run=is_dry, **pushing_of(arguments))
    largest = [{"path": json_path(path), "size_bytes": size} for path, size in pushed.largest]
    document = {**document_of(pushed, is_dry=is_dry), "largest": largest}
    text = (
        paths_text(pushed.changed, pushed.removed)
        if is_dry and (pushed.changed or pushed.removed)
        else f"{push_line(pushed)}\n"
    )
    status = show_text(arguments, lambda: text, lambda: document)
    note_skipped(pushed.skipped)
    note_largest(pushed)
    return status
