"""The recorder of GPUs, with a stand-in for the door to NVML."""

from __future__ import annotations

import os
from typing import Any

import pytest

from hfai.engine.profiler.gpu import GpuRecorder, visible
from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.node.gpus import GpuState, GpusUnreadable
from tests.engine.profiler.conftest import Lines, lines_of

UUIDS = ["GPU-aa", "GPU-bb", "GPU-cc"]


class FakeGpus:
    """Three GPUs; on each a process of the task holds 5 bytes and one of somebody else's 7."""

    count = 3
    is_lost = False
    is_closed = False

    def state(self, number: int) -> GpuState:
        if self.is_lost:
            raise GpusUnreadable("GPU is lost", is_broken=True)
        state = GpuState(number, "NVIDIA X", UUIDS[number], 80 << 30, 12)
        state.utilization_percent, state.power_w, state.temperature_c = 97, 300.5, None
        return state

    def process_memory(self, number: int) -> dict[int, int]:
        return {os.getpid(): 5, 1: 7}

    def close(self) -> None:
        self.is_closed = True


class Written:
    """What goes into an output."""

    def __init__(self) -> None:
        self.end, fd = os.pipe()
        self.output = Output(fd)
        self._fd = fd

    def lines(self) -> Lines:
        os.close(self._fd)
        with os.fdopen(self.end, "rb") as file:
            return lines_of(file.read())


def own_tree() -> TaskTree:
    tree = TaskTree(os.getppid())
    tree.processes = {os.getpid(): None}  # type: ignore[dict-item]
    return tree


def test_each_gpu_of_the_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that CUDA_VISIBLE_DEVICES names, at each interval; what the GPU does not tell is null."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-aa")
    written, gpus = Written(), FakeGpus()
    recorder = GpuRecorder(own_tree(), written.output, 100.0, 2.0, lambda: gpus)  # type: ignore[return-value,arg-type]
    recorder.turn(100.0)
    recorder.turn(101.0)
    assert recorder.next_at() == 102.0
    recorder.turn(102.5)
    recorder.finish(103.0)
    assert gpus.is_closed
    lines = written.lines()
    assert [(line["gpu"], line["elapsed_s"]) for line in lines] == [(2, 0.0), (0, 0.0), (2, 2.5), (0, 2.5)]
    first = lines[0]
    assert (first["utilization_percent"], first["power_w"], first["temperature_c"]) == (97, 300.5, None)
    assert (first["memory_used_bytes"], first["task_memory_bytes"]) == (12, 5)


def test_one_that_is_lost_ends_it() -> None:
    gpus = FakeGpus()
    recorder = GpuRecorder(own_tree(), Output(os.open(os.devnull, os.O_WRONLY)), 0.0, 1.0, lambda: gpus)  # type: ignore[return-value,arg-type]
    gpus.is_lost = True
    with pytest.raises(Unavailable, match="do not answer: GPU is lost"):
        recorder.turn(0.0)


def test_no_driver_and_no_gpu_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Any:
        raise GpusUnreadable("Driver Not Loaded", is_broken=False)

    with pytest.raises(Unavailable, match=r"no GPU of NVIDIA, or no driver for it \(Driver Not Loaded\)"):
        GpuRecorder(own_tree(), Output(), 0.0, 1.0, absent)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(Unavailable, match=r"the node of this rank has no GPU \(CUDA_VISIBLE_DEVICES=\)"):
        GpuRecorder(own_tree(), Output(), 0.0, 1.0, FakeGpus)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "numbers"),
    [(None, [0, 1, 2]), ("1", [1]), ("2,0", [2, 0]), ("GPU-b", [1]), ("0,-1,1", [0]), ("", []), ("7", [])],
)
def test_cuda_visible_devices(told: Any, numbers: list[int]) -> None:
    """As CUDA reads it: up to the first that is not there."""
    assert visible(UUIDS, told) == numbers
