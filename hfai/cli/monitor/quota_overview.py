"""``hai-cli monitor quota-overview``: quotas, and what is in use of them."""

from __future__ import annotations

import argparse

from hfai.cli.bars import add_ascii
from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, note, show_rows
from hfai.cli.quota_columns import quota_json, quota_listing, tells_something

EXAMPLES = (
    ("hai-cli monitor quota-overview", mark("your quotas by group and priority, and what is in use of them")),
    ("hai-cli monitor quota-overview --user ada", mark("another user's, for administrators")),
    ("hai-cli monitor quota-overview --user '*' --json", mark("everybody's, for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-u", "--user", metavar="USER", help=tr("whose quotas, '*' for everybody's; for administrators; default: yours"))
    parser.add_argument("--all", action="store_true", help=tr("also priorities without a quota at which nothing runs or waits"))
    add_ascii(parser)
    add_output(parser, quota_listing())


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import quota_overview

    rows = quota_overview(arguments.user)
    shown = [row for row in rows if arguments.all or tells_something(row)]
    if not shown:
        note(
            tr("no quotas, and nothing in use: --all shows each priority")
            if rows or arguments.user
            else tr("this platform tells you nothing about quotas")
        )
    listing = quota_listing(is_ascii=arguments.ascii, with_users=arguments.user is not None)
    return show_rows(arguments, listing, shown, lambda: [quota_json(row) for row in shown])
