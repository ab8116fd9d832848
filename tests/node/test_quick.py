"""The quick looks at a node."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hfai.node import quick
from hfai.node.check import Check
from hfai.node.gpus import GpusUnreadable

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


class _Gpus:
    """In the place of the door: one GPU in a given state."""

    def __init__(self, **state: object) -> None:
        self._state = {
            "number": 0,
            "memory_used_bytes": 5 << 20,
            "uncorrected_errors": 0,
            "needs_reset": False,
            **state,
        }

    def __call__(self) -> _Gpus:
        return self

    def __enter__(self) -> _Gpus:
        return self

    def __exit__(self, *about: object) -> None:
        pass

    def state(self, number: int) -> object:
        return type("State", (), self._state)


@pytest.mark.parametrize(
    ("state", "texts"),
    [
        ({}, ["", ""]),
        ({"uncorrected_errors": None, "needs_reset": None}, ["", ""]),
        ({"uncorrected_errors": 2}, ["", "memory errors that could not be corrected on GPU 0"]),
        ({"needs_reset": True}, ["", "failed memory on GPU 0: it has to be reset"]),
        ({"memory_used_bytes": 200 << 20}, ["200 MiB of a GPU's memory are in use already", ""]),
    ],
)
def test_gpus(monkeypatch: pytest.MonkeyPatch, state: dict[str, object], texts: list[str]) -> None:
    monkeypatch.setattr(quick, "Gpus", _Gpus(**state))
    checks = quick.gpus([0], 100 << 20)
    assert [check.text for check in checks] == texts
    assert [check.has_failed for check in checks] == [bool(text) for text in texts]


def test_a_lost_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise GpusUnreadable("GPU is lost", is_broken=True)

    monkeypatch.setattr(quick, "Gpus", lost)
    assert [str(check.text) for check in quick.gpus([0]) if check.has_failed] == ["the GPUs do not answer: GPU is lost"]


def test_without_the_library_the_driver_says_whether_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of the driver that fails is a node that fails; one that is not there says nothing."""

    def unread() -> None:
        raise GpusUnreadable("no library", is_broken=False)

    monkeypatch.setattr(quick, "Gpus", unread)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [check.status for check in quick.gpus([0])] == ["skipped", "skipped"]
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho No devices were found; exit 6\n")
    program.chmod(0o700)
    assert [str(check.text) for check in quick.gpus([0]) if check.has_failed] == [
        "the GPUs do not answer: No devices were found"
    ]


def test_a_check_travels_as_json() -> None:
    check = quick.log_space("/nowhere")
    again = Check.from_wire(json.loads(json.dumps(check.to_wire())))
    assert again.to_wire() == check.to_wire()
    assert again.text.data["what"] == "log folder"  # type: ignore[attr-defined]
