"""The GPUs of a rank, through the one door to NVML: one row for each GPU, every ``interval_s`` seconds."""

from __future__ import annotations

import os
from typing import Optional, Union

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.model.phrase import Phrase
from hfai.node.gpu_asking import GpuReader, GpuStates
from hfai.node.gpus import GpuState, GpusUnreadable

# So long the other recorders wait for a driver, once.
ANSWER_S = 5.0
NO_GPU = "this node has no GPU of NVIDIA, or no driver for it ({reason})"
BROKEN = "the GPUs of this node do not answer: {reason}"
NO_GPU_GIVEN = "the node of this rank has no GPU (CUDA_VISIBLE_DEVICES={value})"


class GpuRecorder:
    """The GPUs that the rank may use, and how much of their memory its processes hold.

    Args:
        reader: who asks them; left out, a process of its own.

    Raises:
        Unavailable: there are none, or they cannot be asked.
    """

    def __init__(
        self, tree: TaskTree, output: Output, began: float, interval_s: float, reader: Optional[GpuReader] = None
    ) -> None:
        self._tree = tree
        self._output = output
        self._began = began
        self._interval_s = interval_s
        self._reader = reader or GpuReader(ANSWER_S)
        try:
            told = os.environ.get("CUDA_VISIBLE_DEVICES")
            self._numbers = visible(self._reader.read(), told)
            if not self._numbers:
                raise Unavailable(Phrase(NO_GPU_GIVEN, value=told or ""))
        except (GpusUnreadable, Unavailable) as error:
            self._reader.close()
            raise _unavailable(error) from None
        self._next_at = began

    def next_at(self) -> Optional[float]:
        return self._next_at

    def turn(self, now: float) -> None:
        if now < self._next_at:
            return
        self._next_at = now + self._interval_s
        try:
            found = self._reader.read(self._numbers, with_processes=True)
            for number in self._numbers:
                self._sample(found.of(number), now)
        except GpusUnreadable as error:
            self._reader.close()
            raise _unavailable(error) from None

    def _sample(self, state: GpuState, now: float) -> None:
        held = state.process_memory
        self._output.sample(
            "gpu",
            {
                "elapsed_s": round(now - self._began, 3),
                "gpu": state.number,
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
        self._reader.close()


def _unavailable(error: Union[GpusUnreadable, Unavailable]) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    reason = error.reason
    return Unavailable(Phrase(BROKEN, reason=reason) if error.is_broken else Phrase(NO_GPU, reason=reason))


def visible(found: GpuStates, told: Optional[str]) -> list[int]:
    """The numbers of the GPUs that CUDA_VISIBLE_DEVICES names: by number or by the beginning of their UUID, up to the first
    that is not there, as CUDA reads it; all where it is not set."""
    everyone = sorted([*found.states, *found.lost])
    if told is None:
        return everyone
    chosen: list[int] = []
    for word in (one.strip() for one in told.split(",")):
        fitting = [number for number in everyone if word == str(number)]
        fitting += [number for number, state in found.states.items() if word and state.uuid.startswith(word)]
        if not fitting:
            break
        chosen.append(fitting[0])
    return chosen
