"""What a queued run carries of the restarts before it: why it is held back, and what it had better avoid."""

from __future__ import annotations

import json
from typing import Optional

from attrs import frozen

from hfai.model.phrase import packed, unpacked


@frozen
class Backoff:
    """Kept with a run that follows one that the platform failed, or that yielded without having been asked to.

    Attributes:
        why: why it is not started before its time, a phrase.
        yields: how often in a row the chain has yielded unasked.
        avoid: nodes that the platform failed it on lately: others are taken where there are enough.
    """

    why: str = ""
    yields: int = 0
    avoid: tuple[str, ...] = ()

    def to_store(self) -> Optional[str]:
        """As text, None if there is nothing to keep."""
        if self == NO_BACKOFF:
            return None
        return json.dumps({"why": packed(self.why), "yields": self.yields, "avoid": self.avoid}, ensure_ascii=False)

    @classmethod
    def from_store(cls, text: Optional[str]) -> Backoff:
        if text is None:
            return NO_BACKOFF
        body = json.loads(text)
        return cls(unpacked(body["why"]), body["yields"], tuple(body["avoid"]))


NO_BACKOFF = Backoff()
