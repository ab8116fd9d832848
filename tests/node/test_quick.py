"""The quick looks at a node."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hfai.node import quick
from hfai.node.check import Check
from tests.nvml.machine import GPU_IS_LOST, HANG, GpuMachine

GIB = 1 << 30


def meminfo(path: Path, *, total: int, free: int) -> str:
    path.write_text(f"MemTotal: {total >> 10} kB\nMemFree: 1 kB\nMemAvailable: {free >> 10} kB\n")
    return str(path)


def test_this_machine_is_fit() -> None:
    """The defaults must not fire on any machine that can run the tests."""
    assert quick.memory().status == "passed"
    check = quick.log_space(str(Path.cwd()))
    assert check.status == "passed"
    assert check.value and check.limit and check.value > check.limit


@pytest.mark.parametrize(("total", "free", "status"), [(64, 1, "passed"), (64, 0, "failed"), (0.5, 0.1, "passed")])
def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: float, free: float, status: str) -> None:
    """A small machine is fit with less than a large one needs."""
    monkeypatch.setattr(quick, "MEMORY_FILE", meminfo(tmp_path / "m", total=int(total * GIB), free=int(free * GIB)))
    check = quick.memory()
    assert check.status == status
    assert check.text == ("only 0 MiB of memory are free" if status == "failed" else "")


def test_a_system_without_meminfo_is_not_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "MEMORY_FILE", str(tmp_path / "none"))
    assert quick.memory().status == "skipped"


def test_disks(tmp_path: Path) -> None:
    assert quick.log_space(str(tmp_path / "gone")).text.startswith("the log folder cannot be reached")
    full = quick.log_space(str(tmp_path), 1 << 62)
    assert full.has_failed
    assert str(tmp_path) in full.text
    if Path("/sys/kernel").is_dir() and os.statvfs("/proc").f_flag & os.ST_RDONLY:
        assert "can only be read" in quick.workspace_space("/proc").text


def test_gpus_of_a_node_without_any() -> None:
    assert [(check.name, check.status, check.text) for check in quick.gpus([])] == [
        ("gpu_memory", "skipped", "this node has no GPU"),
        ("gpu_errors", "skipped", "this node has no GPU"),
    ]


@pytest.mark.parametrize(
    ("told", "texts"),
    [
        ({}, ["", ""]),
        ({"uncorrected": None, "rows": None}, ["", ""]),
        ({"uncorrected": 2}, ["", "memory errors that could not be corrected on GPU 1"]),
        ({"rows": "0 1 1 0"}, ["", "failed memory on GPU 1: it has to be reset"]),
        ({"memory_used": 200 << 20, "processes": f"4711 {200 << 20}"}, ["200 MiB of a GPU's memory are in use already", ""]),
    ],
)
def test_gpus(gpu_machine: GpuMachine, told: dict[str, object], texts: list[str]) -> None:
    """The other GPU of the machine is another node's."""
    gpu_machine.tells(1, **told)
    checks = quick.gpus([1], 100 << 20)
    assert [check.name for check in checks] == ["gpu_memory", "gpu_errors"]
    assert [check.text for check in checks] == texts
    assert [check.has_failed for check in checks] == [bool(text) for text in texts]
    assert not any(check.text for check in quick.gpus([0], 100 << 20))


def test_a_gpu_that_works_with_the_memory_of_the_machine(gpu_machine: GpuMachine) -> None:
    gpu_machine.tells(0, memory_total=None)
    memory, errors = quick.gpus([0, 1], 100 << 20)
    assert (memory.status, errors.status) == ("passed", "passed")
    memory, errors = quick.gpus([0], 100 << 20)
    assert (memory.status, memory.text, errors.status) == ("skipped", "not told by this GPU", "passed")


def test_a_lost_gpu(gpu_machine: GpuMachine) -> None:
    gpu_machine.answers("every", GPU_IS_LOST, gpu=1)
    memory, errors = quick.gpus([0, 1])
    assert (memory.status, errors.status) == ("skipped", "failed")
    assert errors.text == "the GPUs do not answer: GPU 1: GPU is lost"
    assert [check.status for check in quick.gpus([0])] == ["passed", "passed"]


def test_a_driver_that_never_answers(gpu_machine: GpuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "_GPU_ANSWER_S", 2.0)
    gpu_machine.answers("nvmlInit", HANG)
    assert [str(check.text) for check in quick.gpus([0]) if check.has_failed] == [
        "the GPUs do not answer: the driver has not answered within 2 s"
    ]


def test_without_the_library_the_driver_says_whether_it_answers(gpu_machine: GpuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the driver that fails is a node that fails; one that is not there says nothing."""
    gpu_machine.has_driver(390)
    assert [check.text for check in quick.gpus([0])] == ["not read: the driver is older than the library nvidia-ml-py"] * 2
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    assert [str(check.text) for check in quick.gpus([0]) if check.has_failed] == [
        "the GPUs do not answer: Unable to determine the device handle for GPU0: GPU is lost"
    ]
    monkeypatch.setenv("PATH", "/nonexistent")
    assert [check.status for check in quick.gpus([0])] == ["skipped", "skipped"]


def test_a_check_travels_as_json() -> None:
    check = quick.log_space("/nowhere")
    again = Check.from_wire(json.loads(json.dumps(check.to_wire())))
    assert again.to_wire() == check.to_wire()
    assert again.text.data["what"] == "log folder"  # type: ignore[attr-defined]
