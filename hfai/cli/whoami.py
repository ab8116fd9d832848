"""``hai-cli whoami``: who one is on the platform, what one may have and has, and one's tokens."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hfai.cli.bars import add_ascii
from hfai.cli.language import mark, tr
from hfai.cli.output import Column, add_output, headline, show_text, table_of
from hfai.cli.server_text import server_text
from hfai.cli.task_columns import moment

if TYPE_CHECKING:
    from hfai.client import TokenInfo, WhoAmI

EXAMPLES = (
    ("hai-cli whoami", mark("name, groups, quotas with what is in use, tokens")),
    ("hai-cli whoami -a", mark("the same with bars in plain ASCII")),
    ("hai-cli whoami --json", mark("the same for programs")),
)

_USER = (
    Column("user_name"),
    Column("role"),
    Column("is_admin", lambda user: tr("yes") if user.is_admin else tr("no")),
    Column("groups", lambda user: ", ".join(user.groups)),
    Column("shared_group"),
)
_TOKENS = (
    Column("token", lambda token: token.hint),
    Column("state"),
    Column("scope"),
    Column("created_at", lambda token: moment(token.created_at)),
    Column("expire_at", lambda token: moment(token.expire_at) or tr("never")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ascii(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import whoami

    me = whoami()
    return show_text(arguments, lambda: _text(me, is_ascii=arguments.ascii), lambda: _document(me))


def _text(me: WhoAmI, *, is_ascii: bool) -> str:
    server = server_text(me.server)
    return (
        f"{headline('user')}{table_of(_USER, [me.user])}"
        f"{tr('platform: {url}', url=server)}\n"
        f"{headline('quota')}{_quotas(me, is_ascii=is_ascii)}"
        f"{headline('tokens')}{_tokens(me)}"
    )


def _quotas(me: WhoAmI, *, is_ascii: bool) -> str:
    from hfai.cli.quota_columns import quota_listing, tells_something

    if not me.quotas:
        return tr("this platform tells you nothing about quotas") + "\n"
    rows = [row for row in me.quotas if tells_something(row)]
    columns = [column for column in quota_listing(is_ascii=is_ascii).columns if not column.is_wide]
    text = table_of(columns, rows) if rows else ""
    others = {row.group: row.group_nodes for row in me.quotas if row not in rows}
    if not others:
        return text
    groups = ", ".join(f"{group} {count}" for group, count in others.items())
    if not rows:
        return tr("no quotas, and nothing in use: at any priority up to all nodes of a group ({groups})", groups=groups) + "\n"
    return text + tr("no quota at the other priorities: up to all nodes of a group ({groups})", groups=groups) + "\n"


def _tokens(me: WhoAmI) -> str:
    if me.tokens is None:
        return tr("this token may not see your tokens") + "\n"
    return table_of(_TOKENS, me.tokens)


def _document(me: WhoAmI) -> dict[str, Any]:
    from hfai.cli.quota_columns import quota_json

    return {
        "server": me.server,
        "user": me.user._asdict(),
        "quotas": [quota_json(row) for row in me.quotas],
        "tokens": None if me.tokens is None else [_token_json(token) for token in me.tokens],
    }


def _token_json(token: TokenInfo) -> dict[str, Any]:
    times = {name: at.isoformat() if at else None for name, at in (("created_at", token.created_at), ("expire_at", token.expire_at))}
    return {**token._asdict(), **times}
