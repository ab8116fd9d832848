"""``quota_rows``, ``set_quota``, ``remove_quota``: what users are limited to on an engine of ours. For its administrators."""

from __future__ import annotations

from typing import NamedTuple, Union

from hfai.client import _session

EACH = "*"


class QuotaRow(NamedTuple):
    """How many nodes each user whom it fits may hold at once, in each group and at each priority that it fits.

    Of the rows that fit the most particular one counts: by user, then by group, then by priority.

    Attributes:
        user: a name, ``@team`` for each member of a team, ``*`` for each user.
        group: of nodes; ``*`` for each.
        priority: by name; ``*`` for each.
        nodes: how many.
        source: ``store`` if it was set while the engine ran, ``engine.yaml``.
        running: nodes of the tasks that run and that this row counts for, of all users together.
        waiting: nodes of the tasks that wait, likewise.
    """

    user: str
    group: str
    priority: str
    nodes: int
    source: str
    running: int
    waiting: int


def quota_rows() -> list[QuotaRow]:
    """Every row that counts, with what is in use of it.

    Raises:
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request. What each user has: :func:`hfai.client.quota_overview`.

    Example:
        >>> [(row.user, row.nodes) for row in quota_rows()]  # doctest: +SKIP
        [('bob', 2)]
    """
    rows = _session.current().post("query/platform/quota/list")["result"]
    return [QuotaRow(*(row[name] for name in QuotaRow._fields)) for row in rows]


def set_quota(nodes: int, user: str = EACH, group: str = EACH, priority: Union[str, int] = EACH) -> QuotaRow:
    """Set how many nodes may be held; it counts at once, and over the same row of ``engine.yaml``. What runs goes on.

    Args:
        nodes: how many, from 0.
        user: a name, ``@team``, or ``*`` for each user.
        group: of nodes, or ``*`` for each.
        priority: by name or number, or ``*`` for each.

    Raises:
        UsageError: a number, group or priority that cannot be.
        NotFoundError: there is no such user or team.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return. May be called again, which replaces the number.

    Example:
        >>> set_quota(2, user="bob", priority="HIGH").nodes  # doctest: +SKIP
        2
    """
    query: dict[str, Union[str, int]] = {"user": user, "group": group, "priority": str(priority), "nodes": nodes}
    row = _session.current().post("operating/platform/quota/set", query)["result"]
    return QuotaRow(*(row[name] for name in QuotaRow._fields))


def remove_quota(user: str = EACH, group: str = EACH, priority: Union[str, int] = EACH) -> None:
    """Remove a row; the same row of ``engine.yaml`` counts again, if there is one.

    Args:
        user, group, priority: as they were set.

    Raises:
        NotFoundError: there is no such row.
        RefusedError: it is one of ``engine.yaml``.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return.

    Example:
        >>> remove_quota(user="bob", priority="HIGH")  # doctest: +SKIP
    """
    query = {"user": user, "group": group, "priority": str(priority)}
    _session.current().post("operating/platform/quota/remove", query, is_repeatable=False)
