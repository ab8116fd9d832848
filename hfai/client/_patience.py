"""How long a call goes on without an answer from a platform that has answered before."""

from __future__ import annotations

import time
from typing import Optional

from hfai.model.errors import EngineStartError, ProtocolMismatch, UnreachableError

PATIENCE_S = 60.0
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Patience:
    """Pauses that grow while nothing answers, until it is enough.

    Args:
        patience_s: seconds without an answer that are borne.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._failing_since: Optional[float] = None
        self._pause_s = _FIRST_PAUSE_S

    def answered(self) -> None:
        """Something came: begin anew."""
        self._failing_since = None
        self._pause_s = _FIRST_PAUSE_S

    def is_worth_it(self, error: UnreachableError) -> bool:
        """Pause, unless it has been too long or trying again cannot help; whether to try again."""
        if isinstance(error, (EngineStartError, ProtocolMismatch)):
            return False
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= self._patience_s:
            return False
        time.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return True
