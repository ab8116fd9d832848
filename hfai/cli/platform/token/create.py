"""``hai-cli platform token create USER``: another token for somebody, printed this once."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.expire_option import add_expire, expire_at
from hfai.cli.language import mark, tr
from hfai.cli.output import add_json, note, print_json
from hfai.cli.task_columns import moment

EXAMPLES = (
    ("hai-cli platform token create bob --expire 30d", mark("a token that is good for 30 days")),
    ("hai-cli platform token create bob -q > bob.token", mark("nothing but the token, for scripts")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", help=tr("whom it is to stand for"))
    add_expire(parser)
    add_json(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help=tr("print the token and nothing else"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.token.list import token_json
    from hfai.client import create_access_token

    made = create_access_token(arguments.user, expire_at(arguments.expire))
    if arguments.json:
        print_json({"token": made.token, "token_info": token_json(made.info)})
        return 0
    sys.stdout.write(f"{made.token}\n")
    if not arguments.quiet:
        info = made.info
        end = moment(info.expire_at) or tr("never")
        text = tr("above is token {id} of {user}, which is told this once; it expires: {end}", id=info.id, user=info.user_name, end=end)
        note(text)
    return 0
