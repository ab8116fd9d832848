"""Asking the GPUs from a process that must not wait for ever: through :mod:`hfai.node.gpu_reader`, which can be given up."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Optional, Sequence

from hfai.model.phrase import Phrase, unpacked
from hfai.node.gpus import GpuState, GpusUnreadable

ANSWER_S = 20.0
_END_S = 1.0
# Isolated, with the paths of this process: nothing that its environment or directory names is taken for a module of ours.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from hfai.node.gpu_reader import main; sys.exit(main())"


class GpuStates:
    """What one question brought.

    Attributes:
        states: of the GPUs that answer, by their numbers.
        lost: why others do not.
    """

    def __init__(self, body: dict[str, Any]) -> None:
        self.states = {row["number"]: GpuState.from_wire(row) for row in body["gpus"]}
        self.lost: dict[int, Phrase] = {int(number): unpacked(reason) for number, reason in body["lost"].items()}

    def of(self, number: int) -> GpuState:
        """One of them.

        Raises:
            GpusUnreadable: it is lost.
        """
        if number in self.states:
            return self.states[number]
        raise GpusUnreadable(Phrase("GPU {number}: {reason}", number=number, reason=self.lost[number]), is_broken=True)


class GpuReader:
    """The process that asks, for a ``with`` block.

    Args:
        answer_s: seconds that an answer may take, the start of the process included.

    Example:
        >>> with GpuReader() as reader:  # doctest: +SKIP
        ...     print(reader.read().of(0).memory_used_bytes)
    """

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        command = [sys.executable, "-I", "-c", _PROGRAM, *sys.path]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, cwd="/", bufsize=0)

    def __enter__(self) -> GpuReader:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def read(self, numbers: Optional[Sequence[int]] = None, *, with_processes: bool = False) -> GpuStates:
        """Ask about some, or about all.

        Raises:
            GpusUnreadable: none can be asked, or the driver has not answered in time; then it is not asked again.
        """
        body = self._answer({"numbers": numbers, "with_processes": with_processes})
        if body["reason"] is not None:
            raise GpusUnreadable(unpacked(body["reason"]), is_broken=body["is_broken"])
        return GpuStates(body)

    def close(self) -> None:
        """End the process; one that the driver does not let go is left behind."""
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
        line, fd = b"", self._process.stdout.fileno()
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        end = time.monotonic() + self._answer_s
        while not line.endswith(b"\n"):
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                self._process.kill()
                late = Phrase("the driver has not answered within {seconds:g} s", seconds=self._answer_s)
                raise GpusUnreadable(late, is_broken=True)
            part = os.read(fd, 1 << 16)
            if not part:
                raise GpusUnreadable(Phrase("the process that asks them ended without an answer"), is_broken=True)
            line += part
        body: dict[str, Any] = json.loads(line)
        return body
