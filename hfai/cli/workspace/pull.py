"""``hai-cli workspace pull``: bring here what was changed or made on the platform's side."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output
from hfai.cli.workspace.pulling import show_pulled
from hfai.cli.workspace.sync_options import add_comparing, add_network, network_of

EXAMPLES = (
    ("hai-cli workspace pull", mark("bring what tasks have written, and what was pushed from elsewhere")),
    ("hai-cli workspace pull --dry-run", mark("list what would come, change nothing")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help=tr("where both sides have changed, take what is there"))
    add_comparing(parser)
    add_network(parser)
    parser.add_argument("--dry-run", action="store_true", help=tr("list what would travel, and change nothing"))
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.progress_bar import ByteBar
    from hfai.client import pull_workspace

    with ByteBar(tr("pulling")) as bar:
        pulled = pull_workspace(
            force=arguments.force,
            checksum=not arguments.no_checksum,
            hfignore=not arguments.no_hfignore,
            dry_run=arguments.dry_run,
            progress=bar.show_bytes,
            **network_of(arguments),
        )
    return show_pulled(arguments, pulled)
