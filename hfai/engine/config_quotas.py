"""``quotas`` in engine.yaml: how many nodes each user may hold at once, per group and priority.

```yaml
quotas:
  - {user: "*", group: default, priority: HIGH, nodes: 2}    # each user without a row of their own
  - {user: alice, group: "*", priority: "*", nodes: 4}       # each group, each priority
```
A row with ``*``, or without the key, stands for each user, group or priority by itself; one with ``@team`` as user for each member of a
team. Of the rows that fit the most particular one counts: first by user, then by group, then by priority; of several teams the one
that grants most. Where none fits there is no limit.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from attrs import field, frozen

from hfai.model.priorities import Priority

ANY = "*"
_KEYS = ("user", "group", "priority", "nodes")
_MOST_NODES = 10**6
PRIORITIES = tuple(priority for priority in Priority if priority is not Priority.AUTO)

Row = tuple[str, str, Optional[int]]


@frozen
class QuotaRows:
    """The rows; ``None`` as priority is ``*``.

    Attributes:
        rows: nodes by user, group and priority.
        teams: which teams each user belongs to.
    """

    rows: Mapping[Row, int] = field(factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(factory=dict)

    def limit(self, user: str, group: str, priority: int) -> Optional[int]:
        """Nodes that a user may hold in a group at a priority; None: as many as there are."""
        row = self.row_of(user, group, priority)
        return None if row is None else self.rows[row]

    def row_of(self, user: str, group: str, priority: int) -> Optional[Row]:
        """The row that counts for a user in a group at a priority; None: none does."""
        teams = tuple(f"@{team}" for team in self.teams.get(user, ()))
        for users in ((user,), teams, (ANY,)):
            for one_group in (group, ANY):
                for one_priority in (priority, None):
                    rows = [row for one in users if (row := (one, one_group, one_priority)) in self.rows]
                    if rows:
                        return max(rows, key=self.rows.__getitem__)
        return None

    def of_user(self, user: str, groups: list[str]) -> dict[tuple[str, str, int], int]:
        """The rows of one user as the policy takes them."""
        if not self.rows:
            return {}
        limits = {
            (user, group, int(priority)): self.limit(user, group, priority)
            for group in groups
            for priority in PRIORITIES
        }
        return {row: nodes for row, nodes in limits.items() if nodes is not None}

    def most(self, user: str, group: str, priority: int) -> Optional[int]:
        """The widest task that a user can ever run in a group at a priority; None: as wide as the group.

        An ABOVE_NORMAL task must also fit as a NORMAL one, which it becomes; an AUTO one takes any priority.
        """
        if priority == Priority.AUTO:
            if self.limit(user, group, Priority.NORMAL) is None:
                return None
            return max(self.of_user(user, [group]).values())
        wanted = [priority, Priority.NORMAL] if priority == Priority.ABOVE_NORMAL else [priority]
        limits = [limit for one in wanted if (limit := self.limit(user, group, one)) is not None]
        return min(limits) if limits else None


def read_quotas(key: str, value: object) -> QuotaRows:
    """The rows that ``quotas`` in engine.yaml means.

    Raises:
        ValueError: something in it cannot be used; the text says what.
    """
    if not isinstance(value, list):
        raise ValueError(f"{key} is {value!r}: it must be a list of mappings with user, group, priority and nodes")
    rows: dict[Row, int] = {}
    for number, item in enumerate(value):
        where = f"{key}[{number}]"
        row, nodes = read_row(where, item)
        if row in rows:
            raise ValueError(f"{where}: there is another row for the same user, group and priority")
        rows[row] = nodes
    return QuotaRows(rows)


def read_row(where: str, item: Any) -> tuple[Row, int]:
    """One row; ``where`` is how errors name it.

    Raises:
        ValueError: it cannot be used; the text says what.
    """
    if not isinstance(item, dict):
        raise ValueError(f"{where} must be a mapping with user, group, priority and nodes")
    for unknown in item:
        if unknown not in _KEYS:
            raise ValueError(f"{where}: unknown key {unknown}: known are {', '.join(_KEYS)}")
    user, group = (_read_name(f"{where}.{name}", item.get(name, ANY)) for name in ("user", "group"))
    nodes = item.get("nodes")
    if not isinstance(nodes, int) or isinstance(nodes, bool) or not 0 <= nodes <= _MOST_NODES:
        raise ValueError(f"{where}.nodes is {nodes!r}: it must be a whole number from 0 to {_MOST_NODES}")
    return (user, group, _read_priority(f"{where}.priority", item.get("priority", ANY))), nodes


def _read_name(where: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} is {value!r}: it must be a name, or '*' for each")
    return value


def _read_priority(where: str, value: object) -> Optional[int]:
    if value == ANY:
        return None
    for priority in PRIORITIES:
        if value == priority.name or (value == priority.value and not isinstance(value, bool)):
            return int(priority)
    known = ", ".join(f"{priority.name} ({priority.value})" for priority in PRIORITIES)
    raise ValueError(f"{where} is {value!r}: it must be '*' or one of {known}")
