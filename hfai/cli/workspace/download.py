"""``hai-cli workspace download PATH``: one file or directory of the platform's side."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output
from hfai.cli.workspace.pulling import show_pulled
from hfai.cli.workspace.sync_options import add_network, network_of

EXAMPLES = (
    ("hai-cli workspace download checkpoints/last.pt", mark("one file, to the same place here")),
    ("hai-cli workspace download runs", mark("a directory, also one that .hfignore leaves out")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help=tr("a file or directory, from the root of the workspace"))
    parser.add_argument("--force", action="store_true", help=tr("where both sides have changed, take what is there"))
    add_network(parser)
    parser.add_argument("--dry-run", action="store_true", help=tr("list what would travel, and change nothing"))
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.progress_bar import ByteBar
    from hfai.client import download_workspace

    with ByteBar(tr("pulling")) as bar:
        pulled = download_workspace(
            arguments.path,
            force=arguments.force,
            dry_run=arguments.dry_run,
            progress=bar.show_bytes,
            **network_of(arguments),
        )
    return show_pulled(arguments, pulled)
