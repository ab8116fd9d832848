"""The state of this machine's GPUs, asked of a process that is there only while somebody looks (hfai.node.gpu_reader)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any, Optional, Sequence

ANSWER_S = 5.0
# A driver that was silent is left alone for so long, and the same reason told at once.
SILENT_S = 30.0
# Nobody has looked for so long: the reader is let go, and with it the driver.
IDLE_S = 60.0
_READER = (sys.executable, "-m", "hfai.node.gpu_reader")


class GpuWatch:
    """Asks the reader, and starts it anew where it is gone.

    Args:
        command: the reader's; left out, our own.
        answer_s: how long it may take for an answer; then it is killed and the reason told instead.
    """

    def __init__(self, command: Sequence[str] = _READER, *, answer_s: float = ANSWER_S) -> None:
        self._command = tuple(command)
        self._answer_s = answer_s
        self._reader: Optional[asyncio.subprocess.Process] = None
        self._idle: Optional[asyncio.TimerHandle] = None
        self._silent_until = 0.0

    async def read(self) -> dict[str, Any]:
        """``gpus``: a list of what :class:`hfai.node.gpus.GpuState` tells; ``unreadable``: why it is empty, where that is known."""
        now = asyncio.get_running_loop().time()
        reason = f"the driver has not answered within {self._answer_s:g} s"
        if now < self._silent_until:
            return {"gpus": [], "unreadable": reason}
        if self._idle is not None:
            self._idle.cancel()
        try:
            answer = await asyncio.wait_for(self._ask(), self._answer_s)
        except (asyncio.TimeoutError, OSError, ValueError) as error:
            await self.close()
            if isinstance(error, asyncio.TimeoutError):
                self._silent_until = now + SILENT_S
                return {"gpus": [], "unreadable": reason}
            return {"gpus": [], "unreadable": str(error)}
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)
        return answer

    async def _ask(self) -> dict[str, Any]:
        reader = self._reader
        if reader is None or reader.returncode is not None:
            pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            reader = self._reader = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=nothing
            )
        assert reader.stdin is not None and reader.stdout is not None
        with contextlib.suppress(ConnectionError):  # it has answered that there is nothing to ask, and ended
            reader.stdin.write(b"\n")
            await reader.stdin.drain()
        line = await reader.stdout.readline()
        if not line:
            raise ValueError("the process that reads the GPUs ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _let_go(self) -> None:
        if self._reader is not None and self._reader.stdin is not None:
            self._reader.stdin.close()  # which ends it

    async def close(self) -> None:
        """End the reader; one that the driver does not let go is left behind."""
        if self._idle is not None:
            self._idle.cancel()
        reader, self._reader = self._reader, None
        if reader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            reader.kill()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(reader.wait(), 1.0)
