"""``hai-cli platform user list``: who may use the engine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing, add_output, show_rows
from hfai.cli.task_columns import moment

if TYPE_CHECKING:
    from hfai.client import PlatformUser


def _role(user: PlatformUser) -> str:
    return tr("owner") if user.is_owner else user.role


USERS = Listing(
    columns=(
        Column("user_name"),
        Column("role", _role),
        Column("groups", lambda user: ", ".join(user.groups)),
        Column("unix_name"),
        Column("tokens"),
        Column("created_at", lambda user: moment(user.created_at)),
    ),
    name="user_name",
    key="user_name",
)
EXAMPLES = (
    ("hai-cli platform user list", mark("everybody, with role, teams and how many tokens are good")),
    ("hai-cli platform user list --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser, USERS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import platform_users

    users = platform_users()
    return show_rows(arguments, USERS, users, lambda: [user_json(user) for user in users])


def user_json(user: PlatformUser) -> dict[str, Any]:
    """A user as ``--json`` prints it."""
    return {**user._asdict(), "created_at": user.created_at.isoformat() if user.created_at else None}
