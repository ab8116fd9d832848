"""Telling whoever started the daemon how the start went: one line of JSON on a file descriptor."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any, Mapping, Optional

from hfai.model.errors import HfaiError


class Announcement:
    """Says ``{"ready": true, "url": ...}`` or ``{"error": {...}}``, once.

    Args:
        fd: where to; None if nobody waits for it.
    """

    def __init__(self, fd: Optional[int]) -> None:
        self._fd = fd
        if fd is not None:
            os.set_inheritable(fd, False)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return self._fd is not None

    def ready(self, endpoint: Mapping[str, Any]) -> None:
        """The engine serves."""
        self._say({"ready": True, **endpoint})

    def failed(self, error: HfaiError) -> None:
        """The engine did not start, or ended by an error; also a line on standard error."""
        self._say({"error": error.to_wire()})
        print(f"hfai: {error}", file=sys.stderr, flush=True)

    def _say(self, line: Mapping[str, Any]) -> None:
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        # Whoever started us may have gone meanwhile.
        with contextlib.suppress(OSError):
            os.write(fd, json.dumps(line).encode() + b"\n")
        os.close(fd)
