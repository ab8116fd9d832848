"""``Decision``: why a run of a task was started when it was, or told to yield, as a server tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client._wire_field import wire_time
from hfai.model.phrase import gathered


class Decision(NamedTuple):
    """One thing that was decided about a task.

    Attributes:
        id: the run.
        at: when, a naive local datetime.
        what: ``start`` or ``suspend``.
        why: the reason in one sentence, in English.
    """

    id: int
    at: Optional[datetime]
    what: str
    why: str

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Decision:
        """The decision that an entry of ``decisions`` describes."""
        return cls(int(body["id"]), wire_time(body.get("at")), str(body["what"]), gathered("why", body))
