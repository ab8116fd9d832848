"""``--user``, ``--group``, ``--priority``: which row of the quotas."""

from __future__ import annotations

import argparse

from hfai.cli.language import tr
from hfai.cli.priority_argument import priority_number
from hfai.model.priorities import Priority

_EACH = "*"
# What a task has while it runs: AUTO becomes one of these.
_LEVELS = tuple(level for level in Priority if level is not Priority.AUTO)


def add_key(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "--user", type=_name, default=_EACH, metavar="USER", help=tr("a user, or @TEAM for each of its members; default: *, each user")
    )
    parser.add_argument("-g", "--group", type=_name, default=_EACH, metavar="GROUP", help=tr("a group of nodes; default: *, each"))
    parser.add_argument(
        "-p", "--priority", type=_priority, default=_EACH, metavar="PRIORITY", help=tr("by name or number; default: *, each")
    )


def key_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The arguments that the SDK takes for them."""
    return {"user": arguments.user, "group": arguments.group, "priority": arguments.priority}


def shown_key(user: str, group: str, priority: str) -> str:
    """The row in words."""
    return tr("user {user}, group {group}, priority {priority}", user=user, group=group, priority=priority)


def _name(text: str) -> str:
    # Such as an unset variable of a script: not each user, which is what the server makes of it.
    if not text:
        raise argparse.ArgumentTypeError(tr("it is empty: name one, or leave the option out for each"))
    return text


def _priority(text: str) -> str:
    return text if text == _EACH else Priority(priority_number(_name(text), _LEVELS)).name
