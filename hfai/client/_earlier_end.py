"""``EarlierEnd``: how a run of a task ended after which the task was started again, as a server tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client._wire_field import wire_time
from hfai.model.phrase import gathered


class EarlierEnd(NamedTuple):
    """The end of a run that was not a suspension, and not the end of the task either.

    Attributes:
        id: the run.
        at: when, a naive local datetime.
        cause: ``platform``, ``node_lost``, ``user_code``, ``watchdog`` ... (``hfai.model.records.Cause``).
        exit_status: the code of the rank that failed first, 128+N for signal N.
        rank: which that was, if one failed by itself.
        message: one sentence, in English.
    """

    id: int
    at: Optional[datetime]
    cause: str
    exit_status: int
    rank: Optional[int]
    message: str

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> EarlierEnd:
        """The end that an entry of ``earlier_ends`` describes."""
        return cls(
            id=int(body["id"]),
            at=wire_time(body.get("at")),
            cause=str(body["cause"]),
            exit_status=int(body["exit_status"]),
            rank=body.get("rank"),
            message=gathered("message", body),
        )
