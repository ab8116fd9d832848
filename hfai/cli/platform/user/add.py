"""``hai-cli platform user add NAME``: somebody new may use the engine; prints their first token."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.expire_option import add_expire, expire_at
from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, note, print_json

EXAMPLES = (
    ("hai-cli platform user add bob", mark("add bob and print the token to give to them")),
    ("hai-cli platform user add eve --role admin --expire 90d", mark("a second administrator, whose token is good for 90 days")),
    ("hai-cli platform user add kim --group vision -q", mark("a member of a team; nothing but the token, for scripts")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("their name: letters, digits and . _ -"))
    parser.add_argument(
        "--role",
        choices=("user", "admin"),
        default="user",
        metavar="user|admin",
        help=tr("user: own tasks only; admin: everybody's, and the platform commands; default: user"),
    )
    parser.add_argument(
        "--group", action="append", default=[], metavar="TEAM", help=tr("a team they belong to, for quotas; may be given several times")
    )
    parser.add_argument(
        "--unix-name",
        metavar="ACCOUNT",
        help=tr(
            "account of the engine's machine that their tasks run under, for an engine of root; default: the engine's own,"
            " which must be named if it is root"
        ),
    )
    add_expire(parser)
    add_json(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help=tr("print the token and nothing else"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.token.list import token_json
    from hfai.cli.platform.user.list import user_json
    from hfai.client import add_user

    expiry = expire_at(arguments.expire)
    made = add_user(arguments.name, arguments.role, arguments.group, arguments.unix_name, expiry)
    if arguments.json:
        print_json({"user": user_json(made.user), "token": made.token.token, "token_info": token_json(made.token.info)})
        return 0
    sys.stdout.write(f"{made.token.token}\n")
    if not arguments.quiet:
        user = made.user
        note(tr("added {user} ({role}); their tasks run as {account}", user=user.user_name, role=user.role, account=user.unix_name))
        note(tr("above is their token, which is told this once; they set it up with `hai-cli init - --url URL`"))
    return 0
