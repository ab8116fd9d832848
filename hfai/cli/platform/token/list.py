"""``hai-cli platform token list [USER]``: tokens, as far as they may be shown."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, show_rows
from hfai.cli.task_columns import moment

if TYPE_CHECKING:
    from hfai.client import TokenInfo


TOKENS = Listing(
    columns=(
        Column("id", lambda token: "" if token.id is None else token.id),
        Column("user_name"),
        Column("token", lambda token: token.hint),
        Column("state"),
        Column("expire_at", lambda token: moment(token.expire_at) or tr("never")),
        Column("created_at", lambda token: moment(token.created_at)),
        Column("created_by", is_wide=True),
        Column("scope", is_wide=True),
    ),
    name="token",
    key="id",
)
EXAMPLES = (
    ("hai-cli platform token list", mark("everybody's for administrators, else one's own; beginnings and ends only")),
    ("hai-cli platform token list bob --json", mark("those of bob, for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", nargs="?", metavar="USER", help=tr("whose; default: of everybody whose tokens you may see"))
    add_output(parser, TOKENS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import access_tokens, user_info

    user = arguments.user
    if user is None and user_info().is_admin:
        user = "*"
    tokens = access_tokens(user)
    return show_rows(arguments, TOKENS, tokens, lambda: [token_json(token) for token in tokens])


def token_json(token: TokenInfo) -> dict[str, Any]:
    """A token as ``--json`` prints it."""
    times = {name: at.isoformat() if at else None for name, at in (("created_at", token.created_at), ("expire_at", token.expire_at))}
    return {**token._asdict(), **times}
