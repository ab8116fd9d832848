"""The door to NVML: against the real library where it can be asked, and against a stand-in for a machine with GPUs."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hfai.node.gpus import Gpus, GpusUnreadable


def test_a_machine_without_a_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real library where no driver is: not broken, only nobody to ask."""
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        with pytest.raises(GpusUnreadable) as refused:
            Gpus()
        assert refused.value.is_broken is False
    else:
        with Gpus() as gpus:
            assert gpus.state(0).memory_total_bytes > 0


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(GpusUnreadable, match=r"pip install nvidia-ml-py") as refused:
        Gpus()
    assert refused.value.is_broken is False


def driver(**answers: Any) -> ModuleType:
    """A stand-in for pynvml with one GPU; ``answers`` replaces functions by their names without ``nvmlDeviceGet``."""
    module: Any = ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    for name in ("LibraryNotFound", "DriverNotLoaded", "NotSupported", "FunctionNotFound", "NoPermission", "GpuIsLost"):
        setattr(module, f"NVMLError_{name}", type(f"NVMLError_{name}", (NVMLError,), {}))
    module.NVMLError = NVMLError
    for number, name in enumerate(("TEMPERATURE_GPU", "MEMORY_ERROR_TYPE_UNCORRECTED", "VOLATILE_ECC")):
        setattr(module, f"NVML_{name}", number)
    module.nvmlInit = module.nvmlShutdown = lambda: None
    functions: dict[str, Any] = {
        "Count": lambda: 1,
        "HandleByIndex": lambda number: number,
        "Name": lambda handle: "NVIDIA X",
        "UUID": lambda handle: "GPU-1",
        "MemoryInfo": lambda handle: SimpleNamespace(total=80 << 30, used=1 << 20),
        "UtilizationRates": lambda handle: SimpleNamespace(gpu=7),
        "Temperature": lambda handle, sensor: 41,
        "PowerUsage": lambda handle: 70500,
        "TotalEccErrors": lambda handle, kind, counter: 0,
        "RetiredPagesPendingStatus": lambda handle: 0,
        "RemappedRows": lambda handle: [0, 0, 0, 0],
        "ComputeRunningProcesses": lambda handle: [SimpleNamespace(pid=5, usedGpuMemory=10)],
        **answers,
    }
    for name, function in functions.items():
        setattr(module, f"nvmlDeviceGet{name}", function)
    return module


def failing(module: ModuleType, name: str, error: str) -> None:
    def fail(*arguments: Any) -> None:
        raise getattr(module, error)("it said no")

    setattr(module, name, fail)


def test_what_a_gpu_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver(RemappedRows=lambda handle: [0, 1, 1, 0]))
    with Gpus() as gpus:
        state = gpus.state(0)
        assert gpus.count == 1
        assert gpus.process_memory(0) == {5: 10}
    assert (state.name, state.utilization_percent, state.power_w, state.uncorrected_errors) == ("NVIDIA X", 7, 70.5, 0)
    assert state.needs_reset is True


def test_what_a_gpu_does_not_support_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consumer cards have no ECC; that is no error."""
    module = driver()
    for name in ("TotalEccErrors", "RetiredPagesPendingStatus", "RemappedRows"):
        failing(module, f"nvmlDeviceGet{name}", "NVMLError_NotSupported")
    monkeypatch.setitem(sys.modules, "pynvml", module)
    with Gpus() as gpus:
        state = gpus.state(0)
    assert state.uncorrected_errors is None
    assert state.needs_reset is None


def test_a_lost_gpu_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    module = driver()
    failing(module, "nvmlDeviceGetMemoryInfo", "NVMLError_GpuIsLost")
    monkeypatch.setitem(sys.modules, "pynvml", module)
    with Gpus() as gpus, pytest.raises(GpusUnreadable) as lost:
        gpus.state(0)
    assert lost.value.is_broken is True
