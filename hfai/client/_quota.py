"""``quota_overview``: how many nodes of which group one may have at which priority, and has."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.model.errors import RefusedError
from hfai.model.priorities import Priority

_GRANTED = "node-"


class Quota(NamedTuple):
    """What one user may have of one group at one priority, in nodes, and has.

    Attributes:
        user_name: whose it is; empty for one's own where the platform does not name them.
        group: of the nodes.
        priority: as a number; None for a name that this version does not know.
        priority_name: the same by name.
        quota: the most that may run at once; None where nothing limits it but the size of the group.
        used: running and waiting together; may be more than ``quota``.
        running: nodes of the tasks that run; None where the platform only tells both together.
        waiting: nodes of the tasks that wait; None likewise.
        group_nodes: how many nodes the group has; None where the platform does not say.
    """

    user_name: str
    group: str
    priority: Optional[int]
    priority_name: str
    quota: Optional[int]
    used: int
    running: Optional[int]
    waiting: Optional[int]
    group_nodes: Optional[int]


def quota_overview(user_name: Optional[str] = None) -> list[Quota]:
    """Quotas with what is in use of them, by group, the highest priority first.

    Args:
        user_name: whose; left out, one's own. For administrators another's name, or ``*`` for everybody's: then only rows in which
            somebody is limited or uses something.

    Returns:
        None at all where a HAI Platform tells an external user nothing of them.

    Raises:
        NotAuthorised: only administrators may ask for others.
        NotFoundError: there is no such user.
        RefusedError: this platform tells nobody about others.
        HfaiError: no answer, or another refusal.

    Blocks for one request. Source: wire document, section 5.

    Example:
        >>> [(row.priority_name, row.used, row.quota) for row in quota_overview()]  # doctest: +SKIP
        [('HIGH', 2, 4), ('NORMAL', 0, None)]
    """
    session = _session.current()
    if user_name is not None and session.is_haiplatform:
        raise RefusedError("{url} tells each user only their own quotas", url=session.url)
    body = session.post("query/user/quota/list", {"user_name": user_name})["result"]
    rows = list(map(_ours, body["rows"]) if "rows" in body else _of_haiplatform(body))
    groups = {row.group: at for at, row in reversed(list(enumerate(rows)))}
    return sorted(rows, key=lambda row: (row.user_name, groups[row.group], -(-2 if row.priority is None else row.priority)))


def _ours(row: Mapping[str, Any]) -> Quota:
    number = int(row["priority"])
    return Quota(
        user_name=str(row.get("user_name") or ""),
        group=str(row["group"]),
        priority=number,
        priority_name=Priority(number).name,
        quota=row["quota"],
        used=row["running"] + row["waiting"],
        running=row["running"],
        waiting=row["waiting"],
        group_nodes=row["group_nodes"],
    )


def _of_haiplatform(body: Mapping[str, Any]) -> Iterator[Quota]:
    """From ``node-<group>-<PRIORITY>`` and its use, which may know more keys or none (wire document, section 5)."""
    granted = body.get("node_quota") or {}
    used = body.get("used_node_quota") or {}
    names = dict.fromkeys([*(key[len(_GRANTED) :] for key in granted if key.startswith(_GRANTED)), *used])
    for name in names:
        group, _, priority = name.rpartition("-")
        in_use, quota = int(used.get(name) or 0), granted.get(f"{_GRANTED}{name}")
        if quota is None and not in_use:
            continue
        number = int(Priority[priority]) if priority in Priority.__members__ else None
        # What was never granted may not be used, whatever waits for it.
        yield Quota("", group, number, priority, int(quota or 0), in_use, None, None, None)
