"""Quotas as ``whoami`` and ``monitor quota-overview`` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.bars import Signs, bar, bar_signs
from hfai.cli.output import Column, Listing

if TYPE_CHECKING:
    from hfai.client import Quota


def quota_listing(*, is_ascii: bool = False, with_users: bool = False) -> Listing:
    """The columns; the bar shows what runs of the quota, or of the group where there is none, and what waits besides."""
    return Listing(
        columns=(
            Column("user_name", is_wide=not with_users),
            Column("group"),
            Column("priority", lambda row: row.priority_name),
            Column("quota"),
            Column("running"),
            Column("waiting"),
            Column("group_nodes", is_wide=True),
            Column("use", lambda row: _use(row, bar_signs(is_ascii=is_ascii))),
        ),
        name="priority",
        key="group",
    )


def tells_something(row: Quota) -> bool:
    """Whether somebody is limited by it or uses something."""
    return row.quota is not None or row.used > 0


def quota_json(row: Quota) -> dict[str, Any]:
    """A quota as ``--json`` prints it."""
    return row._asdict()


def _use(row: Quota, signs: Signs) -> str:
    most: Optional[int] = row.group_nodes if row.quota is None else row.quota
    if most is None:
        return str(row.used)
    if row.running is None or row.waiting is None:
        return f"{bar(row.used, most, signs)} {row.used}/{most}"
    return f"{bar(row.running, most, signs, wanted=row.waiting)} {row.running}/{most}"
