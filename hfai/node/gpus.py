"""The one door to NVML, NVIDIA's library about its GPUs (``nvidia-ml-py``, in the extras ``gpu`` and ``prof``)."""

from __future__ import annotations

import contextlib

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, Optional


NO_LIBRARY = "the library nvidia-ml-py is not installed: pip install nvidia-ml-py"


class GpusUnreadable(Exception):
    """The GPUs cannot be asked; the message says why.

    Attributes:
        is_broken: False where there is only no library or no driver to ask, True where there is one and it fails.
    """

    def __init__(self, message: str, *, is_broken: bool) -> None:
        super().__init__(message)
        self.is_broken = is_broken


class GpuState:
    """One GPU at one moment; what it does not tell is None.

    Attributes:
        number: as in ``nvidia-smi``.
        utilization_percent: how much of the last second or so a kernel was running.
        uncorrected_errors: memory errors since the driver was loaded that could not be corrected.
        needs_reset: whether memory that has failed waits for a reset to be replaced, or can no longer be.
    """

    __slots__ = (
        "memory_total_bytes",
        "memory_used_bytes",
        "name",
        "needs_reset",
        "number",
        "power_w",
        "temperature_c",
        "uncorrected_errors",
        "utilization_percent",
        "uuid",
    )

    def __init__(self, number: int, name: str, uuid: str, memory_total_bytes: int, memory_used_bytes: int) -> None:
        self.number = number
        self.name = name
        self.uuid = uuid
        self.memory_total_bytes = memory_total_bytes
        self.memory_used_bytes = memory_used_bytes
        self.utilization_percent: Optional[int] = None
        self.temperature_c: Optional[int] = None
        self.power_w: Optional[float] = None
        self.uncorrected_errors: Optional[int] = None
        self.needs_reset: Optional[bool] = None


class Gpus:
    """The GPUs of this machine, for a ``with`` block.

    Raises:
        GpusUnreadable: there is no library, no driver or no answer. Blocks for as long as the driver takes, some 50 ms; a broken one may
            never answer, so ask in a process that can be killed.

    Example:
        >>> with Gpus() as gpus:  # doctest: +SKIP
        ...     print(gpus.state(0).memory_used_bytes)
    """

    def __init__(self) -> None:
        try:
            import pynvml
        except ImportError:
            raise GpusUnreadable(NO_LIBRARY, is_broken=False) from None
        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            is_absent = isinstance(error, (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded))
            raise GpusUnreadable(str(error), is_broken=not is_absent) from None
        self._handles: dict[int, Any] = {}

    def __enter__(self) -> Gpus:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the driver."""
        with contextlib.suppress(self._nvml.NVMLError):  # it is gone, and so is what was held
            self._nvml.nvmlShutdown()

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._asked(self._nvml.nvmlDeviceGetCount))

    def state(self, number: int) -> GpuState:
        """How one of them is.

        Raises:
            GpusUnreadable: it does not answer, or is lost.
        """
        nvml, handle = self._nvml, self._handle(number)
        memory = self._asked(nvml.nvmlDeviceGetMemoryInfo, handle)
        name, uuid = self._asked(nvml.nvmlDeviceGetName, handle), self._asked(nvml.nvmlDeviceGetUUID, handle)
        state = GpuState(number, name, uuid, memory.total, memory.used)
        rates = self._told(nvml.nvmlDeviceGetUtilizationRates, handle)
        state.utilization_percent = None if rates is None else int(rates.gpu)
        state.temperature_c = self._told(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
        milliwatts = self._told(nvml.nvmlDeviceGetPowerUsage, handle)
        state.power_w = None if milliwatts is None else milliwatts / 1000
        state.uncorrected_errors = self._told(
            nvml.nvmlDeviceGetTotalEccErrors,
            handle,
            nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
            nvml.NVML_VOLATILE_ECC,
        )
        pages = self._told(nvml.nvmlDeviceGetRetiredPagesPendingStatus, handle)
        rows = self._told(nvml.nvmlDeviceGetRemappedRows, handle)  # corrected, uncorrected, is pending, has failed
        if pages is not None or rows is not None:
            state.needs_reset = bool(pages) or (rows is not None and bool(rows[2] or rows[3]))
        return state

    def process_memory(self, number: int) -> dict[int, int]:
        """Bytes of its memory that each process uses, by process id; empty where it does not tell.

        Raises:
            GpusUnreadable: it is lost.
        """
        found = self._told(self._nvml.nvmlDeviceGetComputeRunningProcesses, self._handle(number)) or []
        return {int(process.pid): int(process.usedGpuMemory or 0) for process in found}

    def _handle(self, number: int) -> Any:
        if number not in self._handles:
            self._handles[number] = self._asked(self._nvml.nvmlDeviceGetHandleByIndex, number)
        return self._handles[number]

    def _asked(self, question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return question(*arguments)
        except self._nvml.NVMLError as error:
            raise GpusUnreadable(str(error), is_broken=True) from None

    def _told(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """The answer; None where this kind of GPU has none."""
        nvml = self._nvml
        try:
            return question(*arguments)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound, nvml.NVMLError_NoPermission):
            return None
        except nvml.NVMLError as error:
            raise GpusUnreadable(str(error), is_broken=True) from None
