"""The GPUs of a rank, through the one door to NVML: one row for each GPU, every ``interval_s`` seconds."""

from __future__ import annotations

import os
from typing import Callable, Optional

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.model.phrase import Phrase
from hfai.node.gpus import Gpus, GpusUnreadable

NO_GPU = "this node has no GPU of NVIDIA, or no driver for it ({reason})"
BROKEN = "the GPUs of this node do not answer: {reason}"
NO_GPU_GIVEN = "the node of this rank has no GPU (CUDA_VISIBLE_DEVICES={value})"


class GpuRecorder:
    """The GPUs that the rank may use, and how much of their memory its processes hold.

    Args:
        open_gpus: the door to them.

    Raises:
        Unavailable: there are none, or they cannot be asked.
    """

    def __init__(
        self, tree: TaskTree, output: Output, began: float, interval_s: float, open_gpus: Callable[[], Gpus] = Gpus
    ) -> None:
        self._tree = tree
        self._output = output
        self._began = began
        self._interval_s = interval_s
        try:
            self._gpus = open_gpus()
            uuids = [self._gpus.state(number).uuid for number in range(self._gpus.count)]
        except GpusUnreadable as error:
            raise Unavailable(_why(error)) from None
        told = os.environ.get("CUDA_VISIBLE_DEVICES")
        self._numbers = visible(uuids, told)
        if not self._numbers:
            self._gpus.close()
            raise Unavailable(Phrase(NO_GPU_GIVEN, value=told or ""))
        self._next_at = began

    def next_at(self) -> Optional[float]:
        return self._next_at

    def turn(self, now: float) -> None:
        if now < self._next_at:
            return
        self._next_at = now + self._interval_s
        try:
            for number in self._numbers:
                self._sample(number, now)
        except GpusUnreadable as error:
            raise Unavailable(_why(error)) from None

    def _sample(self, number: int, now: float) -> None:
        state, held = self._gpus.state(number), self._gpus.process_memory(number)
        self._output.sample(
            "gpu",
            {
                "elapsed_s": round(now - self._began, 3),
                "gpu": number,
                "name": state.name,
                "utilization_percent": state.utilization_percent,
                "memory_used_bytes": state.memory_used_bytes,
                "memory_total_bytes": state.memory_total_bytes,
                "task_memory_bytes": sum(size for pid, size in held.items() if pid in self._tree.processes),
                "power_w": state.power_w,
                "temperature_c": state.temperature_c,
            },
        )

    def finish(self, now: float) -> None:
        self._gpus.close()


def _why(error: GpusUnreadable) -> Phrase:
    reason = Phrase(str(error))
    return Phrase(BROKEN, reason=reason) if error.is_broken else Phrase(NO_GPU, reason=reason)


def visible(uuids: list[str], told: Optional[str]) -> list[int]:
    """The numbers of the GPUs that CUDA_VISIBLE_DEVICES names: by number or by the beginning of their UUID, up to the first
    that is not there, as CUDA reads it; all where it is not set."""
    if told is None:
        return list(range(len(uuids)))
    found: list[int] = []
    for word in (one.strip() for one in told.split(",")):
        fitting = [number for number, uuid in enumerate(uuids) if word == str(number) or (word and uuid.startswith(word))]
        if not fitting:
            break
        found.append(fitting[0])
    return found
