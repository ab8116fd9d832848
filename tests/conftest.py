"""What every test needs: no state of the person who runs it, and Hypothesis without a stopwatch."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest
from hypothesis import HealthCheck, settings

from hfai.testing import EngineSandbox
from tests.nvml.machine import Builder, GpuMachine

LEFT_OVER_S = 10.0

# On a busy machine an example takes as long as it takes.
settings.register_profile("hfai", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hfai")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of hfai's own for each test, and none of the variables that would lead it elsewhere.

    A process that still knows the home when the test has ended was left behind: it is killed, and the test fails.
    """
    home = tmp_path_factory.mktemp("hfai-home")
    monkeypatch.setenv("HFAI_HOME", str(home))
    monkeypatch.setenv("HAI_LANG", "en")
    for name in ("HFAI_ENGINE_DIR", "HFAI_CLIENT_CONFIG", "HFAI_TRACEBACK", "HFAI_SIMULATE", "SIMULATE_SUSPEND"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MARSV2_SERVER", "MARSV2_USER_TOKEN", "MARSV2_NB_NAME", "HFAI_RUN", "HFAI_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HFAI_ENVS_DIR", "HF_ENV_NAME", "HF_ENV_OWNER", "_HAIENV_SAVED"):
        monkeypatch.delenv(name, raising=False)
    yield home
    deadline = time.monotonic() + LEFT_OVER_S
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.02)
    told = [f"{pid}: {command}" for pid, command in left.items()]
    while left:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        left = processes_of(home)
    assert not told, "processes were left behind:\n" + "\n".join(told)


def processes_of(home: Path) -> dict[int, str]:
    """Processes other than this one whose environment or command line names a directory, by process id."""
    name, found = os.fsencode(home) + b"/", {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if name in command or (command and name in (entry / "environ").read_bytes().replace(b"\0", b"/\0")):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


@pytest.fixture
def engine_sandbox() -> Iterator[EngineSandbox]:
    """A running engine of the test's own, with two nodes; afterwards nothing of it is left."""
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def nvml_builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Builds the stand-in for the library of NVIDIA's driver."""
    return Builder(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def gpu_machine(nvml_builder: Builder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> GpuMachine:
    """Two GPUs, for every process that is started from now on."""
    machine = GpuMachine(tmp_path_factory.mktemp("gpus"), nvml_builder)
    for name, value in machine.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return machine
