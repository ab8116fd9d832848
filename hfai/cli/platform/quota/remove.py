"""``hai-cli platform quota remove``: a row of the quotas does not count any more."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet
from hfai.cli.platform.quota.key_options import add_key, key_of, shown_key

EXAMPLES = (
    ("hai-cli platform quota remove --user bob --priority HIGH", mark("the row that was set with the same options")),
    ("hai-cli platform quota remove", mark("the row for each user, group and priority")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_key(parser)
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import remove_quota

    key = key_of(arguments)
    remove_quota(**key)
    if not arguments.quiet:
        sys.stdout.write(tr("{key}: no quota any more", key=shown_key(**key)) + "\n")
    return 0
