"""The priority a task really has: ABOVE_NORMAL wears off, AUTO takes what the user's quotas allow."""

from __future__ import annotations

from typing import Optional

from hfai.engine.policy.snapshot import PolicySettings, Quotas
from hfai.model.priorities import Priority

ABOVE_NORMAL = int(Priority.ABOVE_NORMAL)
NORMAL = int(Priority.NORMAL)
AUTO = int(Priority.AUTO)
_HIGHEST_FIRST = tuple(sorted((int(p) for p in Priority if p is not Priority.AUTO), reverse=True))


def worn(priority: int, ran_s: float, settings: PolicySettings) -> int:
    """ABOVE_NORMAL becomes NORMAL after ``demote_after_s`` of running, over all runs of the chain."""
    return NORMAL if priority == ABOVE_NORMAL and ran_s >= settings.demote_after_s else priority


class QuotaBook:
    """Nodes that each (user, group, priority) still has."""

    def __init__(self, quotas: Quotas) -> None:
        self._left: dict[tuple[str, str, int], int] = dict(quotas)
        self._limits = quotas
        self._closed: set[tuple[str, str, int]] = set()

    def take(self, user: str, group: str, priority: int, width: int) -> None:
        """Book nodes that a running task holds, even beyond a quota that was lowered since."""
        key = (user, group, priority)
        if key in self._left:
            self._left[key] -= width

    def close(self, user: str, group: str, priority: int) -> None:
        """Let nobody of this row go before a task that waits for it."""
        self._closed.add((user, group, priority))

    def has_room(self, user: str, group: str, priority: int, width: int) -> bool:
        key = (user, group, priority)
        return key not in self._left or (key not in self._closed and self._left[key] >= width)

    def auto(self, user: str, group: str, width: int) -> tuple[int, bool]:
        """The highest priority with room for AUTO and whether it has: of those that rows of the user give, and NORMAL, which has
        always room where no row limits it.
        """
        lowest: Optional[int] = None
        for priority in _HIGHEST_FIRST:
            limit = self._limits.get((user, group, priority))
            if limit is None and priority == NORMAL:
                return NORMAL, True
            if limit is None or limit < width:
                continue
            if self.has_room(user, group, priority, width):
                return priority, True
            lowest = priority
        return (NORMAL, False) if lowest is None else (lowest, False)
