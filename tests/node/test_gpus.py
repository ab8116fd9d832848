"""The door to NVML: the real nvidia-ml-py on the stand-in for the driver's library, asked by a process of its own."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from hfai.node.gpu_asking import GpuReader, GpuStates
from hfai.node.gpus import Gpus, GpusUnreadable
from tests.nvml.machine import GIB, GPU_IS_LOST, HANG, LIB_RM_VERSION_MISMATCH, NOT_SUPPORTED, UNKNOWN, GpuMachine

DEADLINE_S = 30.0


def read(*numbers: int, with_processes: bool = False) -> GpuStates:
    with GpuReader() as reader:
        return reader.read(numbers or None, with_processes=with_processes)


def refused() -> GpusUnreadable:
    with pytest.raises(GpusUnreadable) as error:
        read()
    return error.value


def test_a_machine_without_a_driver_says_so() -> None:
    """Not broken, only nobody to ask; where there is one, it answers."""
    try:
        states = read()
    except GpusUnreadable as error:
        assert (str(error), error.is_broken) == ("NVML Shared Library Not Found", False)
    else:
        assert all(state.uuid for state in states.states.values())


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(GpusUnreadable, match=r"pip install nvidia-ml-py") as error:
        Gpus()
    assert error.value.is_broken is False


def test_what_gpus_tell(gpu_machine: GpuMachine) -> None:
    """What the driver keeps for itself is not in use: an idle one would look as if somebody held it."""
    gpu_machine.tells(1, memory_used=5 * GIB, utilization=93, rows="0 1 1 0", uncorrected=2, processes=f"{1 << 22} {4 * GIB}\n7 {GIB}")
    states = read(with_processes=True)
    idle, busy = states.of(0), states.of(1)
    assert (idle.name, idle.uuid) == ("NVIDIA H100 80GB HBM3", "GPU-00000000-0000-0000-0000-000000000000")
    assert (idle.memory_total_bytes, idle.memory_used_bytes, idle.process_memory) == (80 * GIB, 0, {})
    assert (idle.utilization_percent, idle.temperature_c, idle.power_w) == (0, 31, 70.5)
    assert (idle.uncorrected_errors, idle.needs_reset) == (0, False)
    assert (busy.memory_used_bytes, busy.utilization_percent) == (5 * GIB, 93)
    assert busy.process_memory == {1 << 22: 4 * GIB, 7: GIB}
    assert (busy.uncorrected_errors, busy.needs_reset) == (2, True)


def test_no_module_of_somebody_else_is_run(gpu_machine: GpuMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory and PYTHONPATH may be a user's, the account the engine's."""
    for name in ("json.py", "pynvml.py", "hfai.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert read(0).of(0).number == 0
    assert not (tmp_path / "run").exists()


def test_no_process_is_told_of_unless_it_is_asked(gpu_machine: GpuMachine) -> None:
    gpu_machine.tells(0, processes="7 8")
    assert read().of(0).process_memory == {}


@pytest.mark.parametrize(
    ("worn", "needs_reset"),
    [({"rows": "3 1 0 1"}, True), ({"rows": None, "pages_pending": 1}, True), ({"rows": None, "pages_pending": 0}, False)],
)
def test_memory_that_has_failed(gpu_machine: GpuMachine, worn: dict[str, object], needs_reset: bool) -> None:
    """Rows that could not be replaced; pages that wait, of cards before A100."""
    gpu_machine.tells(0, **worn)
    assert read(0).of(0).needs_reset is needs_reset


def test_what_a_gpu_does_not_support_is_none(gpu_machine: GpuMachine) -> None:
    """Consumer cards count no errors, one that works with the machine's memory has none of its own: that is no error."""
    gpu_machine.tells(0, memory_total=None, uncorrected=None, rows=None, power_mw=None, utilization=None, processes=None)
    state = read(0, with_processes=True).of(0)
    assert (state.memory_total_bytes, state.memory_used_bytes, state.process_memory) == (None, None, {})
    assert (state.uncorrected_errors, state.needs_reset, state.power_w, state.utilization_percent) == (None, None, None, None)


@pytest.mark.parametrize(("branch", "used", "needs_reset"), [(470, GIB // 2, False), (440, GIB // 2, None)])
def test_older_drivers(gpu_machine: GpuMachine, branch: int, used: int, needs_reset: object) -> None:
    """They lack functions; 440 has no name for the list of processes that still fits its layout."""
    gpu_machine.has_driver(branch)
    gpu_machine.tells(0, processes="7 8")
    state = read(0, with_processes=True).of(0)
    assert (state.memory_used_bytes, state.needs_reset) == (used, needs_reset)
    assert state.process_memory == ({7: 8} if branch >= 460 else {})


def test_a_driver_that_is_too_old(gpu_machine: GpuMachine) -> None:
    gpu_machine.has_driver(390)
    error = refused()
    assert (str(error), error.is_broken) == ("the driver is older than the library nvidia-ml-py", False)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (LIB_RM_VERSION_MISMATCH, "the driver in use and its library are of different versions, as after an update without a restart"),
        (UNKNOWN, "Unknown Error"),
    ],
)
def test_a_driver_that_is_broken(gpu_machine: GpuMachine, code: int, says: str) -> None:
    gpu_machine.answers("nvmlInit", code)
    error = refused()
    assert (str(error), error.is_broken) == (says, True)


@pytest.mark.parametrize("function", ["every", "nvmlDeviceGetTemperature"])
def test_a_lost_gpu_does_not_keep_the_others(gpu_machine: GpuMachine, function: str) -> None:
    gpu_machine.answers(function, GPU_IS_LOST, gpu=1)
    states = read()
    assert states.of(0).number == 0
    with pytest.raises(GpusUnreadable, match=r"^GPU 1: GPU is lost$") as lost:
        states.of(1)
    assert lost.value.is_broken is True


def test_a_gpu_that_there_is_not(gpu_machine: GpuMachine) -> None:
    with pytest.raises(GpusUnreadable, match=r"^GPU 2: there is none of this number$"):
        read(2).of(2)


def test_a_count_that_fails(gpu_machine: GpuMachine) -> None:
    gpu_machine.answers("nvmlDeviceGetCount_v2", NOT_SUPPORTED)
    assert str(refused()) == "Not Supported"


def test_a_driver_that_never_answers_is_given_up(gpu_machine: GpuMachine) -> None:
    """One GPU of the machine hangs; the other can still be asked about."""
    gpu_machine.answers("nvmlDeviceGetUUID", HANG, gpu=1)
    began = time.monotonic()
    with GpuReader(3.0) as reader:
        assert reader.read([0]).of(0).number == 0
        with pytest.raises(GpusUnreadable, match=r"^the driver has not answered within 3 s$"):
            reader.read()
        with pytest.raises(GpusUnreadable, match=r"ended without an answer"):
            reader.read([0])
    assert time.monotonic() - began < DEADLINE_S and gpu_machine.is_asked
