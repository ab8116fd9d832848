"""The recorder of GPUs, on a machine with two."""

from __future__ import annotations

import os
import time
from typing import Any, Iterator

import pytest

from hfai.engine.profiler.gpu import GpuRecorder, visible
from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.node.gpu_asking import GpuReader, GpuStates
from hfai.node.gpus import GpuState
from tests.engine.profiler.conftest import Lines, lines_of
from tests.nvml.machine import GIB, GPU_IS_LOST, HANG, GpuMachine


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


@pytest.fixture
def nowhere() -> Iterator[Output]:
    fd = os.open(os.devnull, os.O_WRONLY)
    yield Output(fd)
    os.close(fd)


def own_tree() -> TaskTree:
    tree = TaskTree(os.getppid())
    tree.processes = {os.getpid(): None}  # type: ignore[dict-item]
    return tree


def test_each_gpu_of_the_rank(gpu_machine: GpuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that CUDA_VISIBLE_DEVICES names, at each interval; what the GPU does not tell is null, what is not the task's is not its."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,GPU-00000000")
    gpu_machine.tells(1, utilization=97, power_mw=300_500, temperature=None, memory_used=12 * GIB, processes=f"{os.getpid()} 5\n1 7")
    written = Written()
    recorder = GpuRecorder(own_tree(), written.output, 100.0, 2.0)
    recorder.turn(100.0)
    recorder.turn(101.0)
    assert recorder.next_at() == 102.0
    recorder.turn(102.5)
    recorder.finish(103.0)
    lines = written.lines()
    assert [(line["gpu"], line["elapsed_s"]) for line in lines] == [(1, 0.0), (0, 0.0), (1, 2.5), (0, 2.5)]
    first = lines[0]
    assert (first["utilization_percent"], first["power_w"], first["temperature_c"]) == (97, 300.5, None)
    assert (first["memory_used_bytes"], first["task_memory_bytes"]) == (12 * GIB, 5)


def test_one_that_is_lost_ends_it(gpu_machine: GpuMachine, nowhere: Output) -> None:
    recorder = GpuRecorder(own_tree(), nowhere, 0.0, 1.0)
    recorder.turn(0.0)
    gpu_machine.answers("every", GPU_IS_LOST, gpu=1)
    with pytest.raises(Unavailable, match="the GPUs of this node do not answer: GPU 1: GPU is lost"):
        recorder.turn(1.0)


def test_one_of_another_node_that_is_lost_does_not(
    gpu_machine: GpuMachine, nowhere: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    gpu_machine.answers("every", GPU_IS_LOST, gpu=1)
    recorder = GpuRecorder(own_tree(), nowhere, 0.0, 1.0)
    recorder.turn(0.0)
    recorder.finish(1.0)


def test_a_driver_that_never_answers_ends_it(gpu_machine: GpuMachine, nowhere: Output) -> None:
    """The others go on."""
    recorder = GpuRecorder(own_tree(), nowhere, 0.0, 1.0, GpuReader(2.0))
    gpu_machine.answers("nvmlDeviceGetPowerUsage", HANG)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="the driver has not answered within 2 s"):
        recorder.turn(0.0)
    assert time.monotonic() - began < 10


def test_no_driver_and_no_gpu_given(gpu_machine: GpuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(Unavailable, match=r"the node of this rank has no GPU \(CUDA_VISIBLE_DEVICES=\)"):
        GpuRecorder(own_tree(), Output(), 0.0, 1.0)
    gpu_machine.has_driver(None)
    with pytest.raises(Unavailable, match=r"no GPU of NVIDIA, or no driver for it \(NVML Shared Library Not Found\)"):
        GpuRecorder(own_tree(), Output(), 0.0, 1.0)


@pytest.mark.parametrize(
    ("told", "numbers"),
    [
        (None, [0, 1, 2, 3]),
        ("1", [1]),
        ("2,0", [2, 0]),
        ("GPU-b", [1]),
        ("0,-1,1", [0]),
        ("", []),
        ("7", []),
        ("3,GPU-d", [3]),
    ],
)
def test_cuda_visible_devices(told: Any, numbers: list[int]) -> None:
    """As CUDA reads it: up to the first that is not there. One that is lost has a number and no name."""
    rows = [GpuState(number, "NVIDIA X", uuid).to_wire() for number, uuid in enumerate(["GPU-aa", "GPU-bb", "GPU-cc"])]
    found = GpuStates({"gpus": rows, "lost": {"3": "GPU is lost"}})
    assert visible(found, told) == numbers
