"""A machine with NVIDIA GPUs, as far as programs can tell by its driver: a C library in the place of ``libnvidia-ml.so.1``.

The real ``nvidia-ml-py`` loads it; nothing of hfai knows that it is there.
"""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path
from typing import Optional

NEWEST_DRIVER = 570
NOT_SUPPORTED = 3
GPU_IS_LOST = 15
LIB_RM_VERSION_MISMATCH = 18
UNKNOWN = 999
HANG = -1
GIB = 1 << 30
_HERE = Path(__file__).parent
# What a healthy one in no use tells; "rows" are corrected, uncorrected, pending, failed.
HEALTHY = {
    "name": "NVIDIA H100 80GB HBM3",
    "memory_total": 80 * GIB,
    "memory_reserved": GIB // 2,
    "memory_used": 0,
    "utilization": 0,
    "temperature": 31,
    "power_mw": 70_500,
    "corrected": 4,
    "corrected_ever": 40,
    "uncorrected": 0,
    "uncorrected_ever": 2,
    "rows": "1 0 0 0",
    "processes": "",
}


class Builder:
    """Compiles the driver's library and its ``nvidia-smi``, each once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.library = functools.lru_cache(None)(self._library)
        self.program = functools.lru_cache(None)(self._program)

    def _library(self, driver: int) -> Path:
        path = self._directory / f"libnvidia-ml.so.{driver}"
        _compile("nvml.c", path, f"-DDRIVER={driver}", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1")
        return path

    def _program(self) -> Path:
        path = self._directory / "nvidia-smi"
        _compile("smi.c", path, "-ldl")
        return path


def _compile(source: str, target: Path, *flags: str) -> None:
    command = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", str(_HERE / source), "-o", str(target), *flags]
    subprocess.run(command, check=True)


class GpuMachine:
    """What its driver says from now on, to every process with :attr:`environ`.

    Args:
        directory: an empty one, for its state.
        builder: of the library.
        gpus: how many, all :data:`HEALTHY`.

    Example:
        >>> machine.tells(1, uncorrected=3)  # doctest: +SKIP
        >>> machine.answers("every", GPU_IS_LOST, gpu=0)  # doctest: +SKIP
    """

    def __init__(self, directory: Path, builder: Builder, gpus: int = 2) -> None:
        self._directory, self._builder = directory, builder
        (directory / "nvidia-smi").symlink_to(builder.program())
        self.has_driver(NEWEST_DRIVER)
        for number in range(gpus):
            (directory / str(number)).mkdir()
            self.tells(number, uuid=f"GPU-{number:08d}-0000-0000-0000-000000000000", **HEALTHY)

    @property
    def environ(self) -> dict[str, str]:
        """Variables of a process on this machine."""
        return {
            "LD_LIBRARY_PATH": os.pathsep.join([str(self._directory), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]),
            "PATH": os.pathsep.join([str(self._directory), os.environ["PATH"]]),
        }

    def has_driver(self, branch: Optional[int]) -> None:
        """Of which branch the driver is, such as 470, for processes that start from now on; None: there is no library of it."""
        link = self._directory / "libnvidia-ml.so.1"
        link.unlink(missing_ok=True)
        if branch is not None:
            link.symlink_to(self._builder.library(branch))

    def tells(self, gpu: int, **values: object) -> None:
        """What a GPU tells, by the names of :data:`HEALTHY`; None: it does not tell that."""
        for name, value in values.items():
            self._write(self._directory / str(gpu) / name, value)

    def answers(self, function: str, code: Optional[int], gpu: Optional[int] = None) -> None:
        """What a function returns for a GPU, or for all: a code of NVML; None: what it should.

        ``nvmlInit`` stands for all that begin; ``every`` for all that are asked about this GPU.
        """
        self._write(self._directory / ("." if gpu is None else str(gpu)) / function, code)

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits for a function that never returns."""
        return (self._directory / "asked").exists()

    @staticmethod
    def _write(path: Path, value: object) -> None:
        if value is None:
            path.unlink(missing_ok=True)
            return
        new = path.with_name(f".{path.name}")
        new.write_text(f"{value}\n")
        new.replace(path)
