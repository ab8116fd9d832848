"""``--user``, ``--group``, ``--priority``: which row of the quotas."""

from __future__ import annotations

import argparse

from hfai.cli.language import tr


def add_key(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--user", default="*", metavar="USER", help=tr("a user, or @TEAM for each of its members; default: *, each user"))
    parser.add_argument("-g", "--group", default="*", metavar="GROUP", help=tr("a group of nodes; default: *, each"))
    parser.add_argument("-p", "--priority", default="*", metavar="PRIORITY", help=tr("by name or number; default: *, each"))


def key_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The arguments that the SDK takes for them."""
    priority = arguments.priority.upper().replace("-", "_")
    return {"user": arguments.user, "group": arguments.group, "priority": priority}


def shown_key(user: str, group: str, priority: str) -> str:
    """The row in words."""
    return tr("user {user}, group {group}, priority {priority}", user=user, group=group, priority=priority)
