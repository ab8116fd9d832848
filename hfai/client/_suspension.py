"""``Suspension``: how one suspension of a task went, as a server tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client._wire_field import wire_time
from hfai.model.phrase import gathered


class Suspension(NamedTuple):
    """One run that was, or is being, suspended. Times are naive local datetimes; None: it did not happen (yet).

    Attributes:
        id: the run.
        by: ``scheduler``, ``user`` or ``task`` (it called ``go_suspend`` without having been told).
        why: the reason in one sentence, in English.
        for_id: the run that its nodes are for; None if it is for nobody in particular.
        grace_s: seconds it has to save, counted from ``told_at``.
        told_at: when it was decided; rank 0 sees it right after that.
        acknowledged_at: when ``receive_suspend_command`` first returned True.
        saved_at: when a rank called ``go_suspend``.
        forced_at: when the grace was over without that.
    """

    id: int
    by: str
    why: str
    for_id: Optional[int]
    grace_s: float
    told_at: Optional[datetime]
    acknowledged_at: Optional[datetime]
    saved_at: Optional[datetime]
    forced_at: Optional[datetime]

    @property
    def is_open(self) -> bool:
        """Whether it has neither saved nor run out of time."""
        return self.saved_at is None and self.forced_at is None

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Suspension:
        """The suspension that an entry of ``suspensions`` describes."""
        return cls(
            id=int(body["id"]),
            by=str(body["by"]),
            why=gathered("why", body),
            for_id=body.get("for_id"),
            grace_s=float(body["grace_s"]),
            told_at=wire_time(body.get("told_at")),
            acknowledged_at=wire_time(body.get("acknowledged_at")),
            saved_at=wire_time(body.get("saved_at")),
            forced_at=wire_time(body.get("forced_at")),
        )
