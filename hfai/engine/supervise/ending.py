"""How a rank ended, as ``end.json`` says it (docs/architecture.md)."""

from __future__ import annotations

import os
import signal
import time

from hfai.model.phrase import Phrase, spread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

FORMAT = 1


class Ending:
    """Collects what is known of the end.

    Attributes:
        outcome: ``exited | signaled | exec_failed | unfit | watchdog | timeout``.
        asked: the word of the last stop command that came before the end.
        message: one sentence for people, a phrase, or empty.
        ended_at: when the main process ended, seconds since the epoch; clearing up after it may take seconds more.
    """

    __slots__ = ("asked", "ended_at", "exit_code", "message", "outcome", "signal")

    def __init__(self) -> None:
        self.outcome: Optional[str] = None
        self.exit_code: Optional[int] = None
        self.signal: Optional[int] = None
        self.asked: Optional[str] = None
        self.message = ""
        self.ended_at: Optional[float] = None

    def cut_short(self, outcome: str, message: str) -> None:
        """The supervisor ends the task by itself, for this reason, whatever its process then says."""
        self.outcome, self.message = outcome, message

    def cannot_start(self, message: str, exit_code: int) -> None:
        """The command was never executed."""
        self.outcome, self.message, self.exit_code = "exec_failed", message, exit_code

    def unfit(self, message: str) -> None:
        """The command was not executed, because the node is not fit for it."""
        self.outcome, self.message = "unfit", message

    def process_ended(self, wait_status: int) -> None:
        """The main process is reaped."""
        self.ended_at = time.time()
        if self.outcome in ("exec_failed", "unfit"):
            return
        code = os.waitstatus_to_exitcode(wait_status)
        if code >= 0:
            self.exit_code = code
            self.outcome = self.outcome or "exited"
            return
        self.signal = -code
        if self.outcome is None:
            self.outcome = "signaled"
            self.message = Phrase("killed by signal {signal}", signal=_name(-code))

    def record(self, run_id: int, rank: int) -> dict[str, Any]:
        """The fields of ``end.json`` known here, as of now."""
        return {
            "format": FORMAT,
            "run_id": run_id,
            "rank": rank,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "signal": self.signal,
            "ended_at": self.ended_at or time.time(),
            "asked": self.asked,
            "last_lines": [],
            **spread("message", self.message),
            "whole_life_state": 0,
            "state_is_set": False,
        }


def _name(signum: int) -> str:
    try:
        return f"{signum} ({signal.Signals(signum).name})"
    except ValueError:  # real-time signals have no names
        return str(signum)
