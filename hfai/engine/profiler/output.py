"""What the profiler says, as it comes: one JSON object a line, bytes behind it where it has ``n``."""

from __future__ import annotations

import json
import os
import time
import zlib
from typing import Any, Mapping

from hfai.model.phrase import packed, spread


class Unavailable(Exception):
    """A recorder cannot sample; the rest of the profile goes on.

    Attributes:
        why: what is missing and what to do about it, in a sentence.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Output:
    """Writes to stdout, whose reader may be slow: then sampling waits, and the task does not.

    Raises:
        BrokenPipeError: from every method, when nobody reads any more.
    """

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd

    def begin(self, supervisor: int) -> None:
        """The first line."""
        self._write({"t": "begin", "format": 1, "at": time.time(), "supervisor_pid": supervisor})

    def sample(self, recorder: str, values: Mapping[str, Any]) -> None:
        """A row of numbers."""
        self._write({"t": recorder, "at": time.time(), **values})

    def stacks(self, body: Mapping[str, Any]) -> None:
        """What was seen of Python since the last time."""
        data = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)
        self._write({"t": "python", "n": len(data)}, data)

    def skip(self, recorder: str, why: str) -> None:
        """A recorder that does not sample, or no longer."""
        self._write({"t": "skip", "recorder": recorder, **packed(spread("why", why))})

    def end(self, ended_by: str, elapsed_s: float) -> None:
        """The last line."""
        self._write({"t": "end", "by": ended_by, "elapsed_s": round(elapsed_s, 3)})

    def _write(self, header: Mapping[str, Any], data: bytes = b"") -> None:
        left = memoryview(json.dumps(header, separators=(",", ":")).encode() + b"\n" + data)
        while left:
            left = left[os.write(self._fd, left) :]
