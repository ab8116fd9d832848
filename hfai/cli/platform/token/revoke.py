"""``hai-cli platform token revoke ID``: a token is no good any more."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet
from hfai.cli.stdin_line import stdin_line

EXAMPLES = (
    ("hai-cli platform token revoke 7", mark("by the id that `platform token list` shows")),
    ("hai-cli platform token revoke - < leaked.token", mark("the token itself, from standard input")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", metavar="ID", help=tr("id of the token, or the token itself; -: read it from standard input"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import revoke_access_token

    given = stdin_line(tr("token: ")) if arguments.token == "-" else arguments.token
    info = revoke_access_token(int(given) if given.isascii() and given.isdecimal() else given)
    if not arguments.quiet:
        told = tr("token revoked") if info is None else tr("token {id} of {user} revoked", id=info.id, user=info.user_name)
        sys.stdout.write(f"{told}\n")
    return 0
