"""How one suspension went: who wanted it and why, and when the task was told, answered, saved or was cut short."""

from __future__ import annotations

from enum import Enum
from typing import Any, Mapping, Optional

from attrs import asdict, frozen

from hfai.model.phrase import gathered, spread


class SuspendedBy(str, Enum):
    """Who wanted a run to be suspended."""

    SCHEDULER = "scheduler"
    USER = "user"
    TASK = "task"


@frozen
class Suspension:
    """The suspension of one run (design, section 5, rule 6). Times are seconds since the epoch, None: it did not happen.

    Attributes:
        by: who wanted it; ``task``: it called ``go_suspend`` without having been told.
        why: the reason in one sentence, a :class:`~hfai.model.phrase.Phrase`.
        told_at: when it was decided; rank 0 is told right after that.
        grace_s: how long it may take to save from then on.
        acknowledged_at: when ``receive_suspend_command`` first returned True.
        saved_at: when a rank called ``go_suspend``.
        forced_at: when the grace was over without that.
        for_id: the run that its nodes are for; None if it is for nobody in particular.
        unfit_rank: the rank that has found its node unfit (``self_health_check``): then this is a failure of the platform.
    """

    by: SuspendedBy
    why: str
    told_at: float
    grace_s: float
    acknowledged_at: Optional[float] = None
    saved_at: Optional[float] = None
    forced_at: Optional[float] = None
    for_id: Optional[int] = None
    unfit_rank: Optional[int] = None

    @property
    def deadline(self) -> float:
        """When the grace is over."""
        return self.told_at + self.grace_s

    @property
    def is_open(self) -> bool:
        """Whether the task may still go on saving."""
        return self.saved_at is None and self.forced_at is None

    def to_store(self) -> dict[str, Any]:
        """As plain values, for :meth:`from_store`."""
        return {**asdict(self, recurse=False), "by": self.by.value, **spread("why", self.why)}

    @classmethod
    def from_store(cls, body: Mapping[str, Any]) -> Suspension:
        others = {key: value for key, value in body.items() if key not in ("template", "data")}
        return cls(**{**others, "by": SuspendedBy(body["by"]), "why": gathered("why", body)})
