"""What ``pull`` and ``download`` print."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hfai.cli.output import show_text
from hfai.cli.workspace.pushing import document_of, note_skipped, paths_text, pull_line

if TYPE_CHECKING:
    from hfai.client import PullResult


def show_pulled(arguments: argparse.Namespace, pulled: PullResult) -> int:
    """What came, or with ``--dry-run`` would come; what was left as it is, to stderr."""
    is_dry = arguments.dry_run
    text = (
        paths_text(pulled.changed, pulled.removed)
        if is_dry and (pulled.changed or pulled.removed)
        else f"{pull_line(pulled)}\n"
    )
    status = show_text(arguments, lambda: text, lambda: document_of(pulled, is_dry=is_dry))
    note_skipped(pulled.skipped)
    return status
