"""The one door to NVML, NVIDIA's library about its GPUs (``nvidia-ml-py``, in the extras ``gpu`` and ``prof``)."""

from __future__ import annotations

import contextlib

from hfai.model.phrase import Phrase

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, Iterator, Mapping, Optional


NO_LIBRARY = Phrase("the library nvidia-ml-py is not installed: pip install nvidia-ml-py")
OLD_DRIVER = Phrase("the driver is older than the library nvidia-ml-py")
OTHER_VERSION = Phrase("the driver in use and its library are of different versions, as after an update without a restart")


class GpusUnreadable(Exception):
    """The GPUs cannot be asked.

    Attributes:
        reason: why.
        is_broken: False where there is only no library or no driver to ask, True where there is one and it fails.
    """

    def __init__(self, reason: Phrase, *, is_broken: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_broken = is_broken


class GpuState:
    """One GPU at one moment; what it does not tell is None.

    Attributes:
        number: as in ``nvidia-smi``.
        memory_total_bytes, memory_used_bytes: None where it has no memory of its own; what the driver keeps for itself is not in use.
        utilization_percent: how much of the last second or so a kernel was running.
        uncorrected_errors: memory errors since the driver was loaded that could not be corrected.
        needs_reset: whether memory that has failed waits for a reset to be replaced, or can no longer be.
        process_memory: bytes of its memory that each process uses, by process id; empty where that was not asked.
    """

    __slots__ = (
        "memory_total_bytes",
        "memory_used_bytes",
        "name",
        "needs_reset",
        "number",
        "power_w",
        "process_memory",
        "temperature_c",
        "uncorrected_errors",
        "utilization_percent",
        "uuid",
    )

    def __init__(self, number: int, name: str = "", uuid: str = "") -> None:
        self.number = number
        self.name = name
        self.uuid = uuid
        self.memory_total_bytes: Optional[int] = None
        self.memory_used_bytes: Optional[int] = None
        self.utilization_percent: Optional[int] = None
        self.temperature_c: Optional[int] = None
        self.power_w: Optional[float] = None
        self.uncorrected_errors: Optional[int] = None
        self.needs_reset: Optional[bool] = None
        self.process_memory: dict[int, int] = {}

    def to_wire(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> GpuState:
        """The same from JSON, whose keys are text."""
        state = cls(body["number"])
        for name in cls.__slots__:
            setattr(state, name, body[name])
        state.process_memory = {int(pid): size for pid, size in body["process_memory"].items()}
        return state


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
        except pynvml.NVMLError_FunctionNotFound:
            raise GpusUnreadable(OLD_DRIVER, is_broken=False) from None
        except pynvml.NVMLError as error:
            is_absent = isinstance(error, (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded))
            raise GpusUnreadable(self._reason(error), is_broken=not is_absent) from None

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
        with self._asking():
            return int(self._nvml.nvmlDeviceGetCount())

    def state(self, number: int, *, with_processes: bool = False) -> GpuState:
        """How one of them is.

        Raises:
            GpusUnreadable: it does not answer, or is lost.
        """
        nvml = self._nvml
        with self._asking():
            handle = nvml.nvmlDeviceGetHandleByIndex(number)
            state = GpuState(number, nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle))
            memory = self._memory(handle)
            if memory is not None:
                state.memory_total_bytes, state.memory_used_bytes = int(memory.total), int(memory.used)
            rates = self._told(nvml.nvmlDeviceGetUtilizationRates, handle)
            state.utilization_percent = None if rates is None else int(rates.gpu)
            state.temperature_c = self._told(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
            milliwatts = self._told(nvml.nvmlDeviceGetPowerUsage, handle)
            state.power_w = None if milliwatts is None else milliwatts / 1000
            kind, since = nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
            state.uncorrected_errors = self._told(nvml.nvmlDeviceGetTotalEccErrors, handle, kind, since)
            state.needs_reset = self._needs_reset(handle)
            if with_processes:
                state.process_memory = self._process_memory(handle)
        return state

    def _memory(self, handle: Any) -> Any:
        """Total and used; the first version of the question counts what the driver keeps for itself as used."""
        newer = self._told(self._nvml.nvmlDeviceGetMemoryInfo, handle, self._nvml.nvmlMemory_v2)
        return newer or self._told(self._nvml.nvmlDeviceGetMemoryInfo, handle)

    def _needs_reset(self, handle: Any) -> Optional[bool]:
        pages = self._told(self._nvml.nvmlDeviceGetRetiredPagesPendingStatus, handle)
        rows = self._told(self._nvml.nvmlDeviceGetRemappedRows, handle)  # corrected, uncorrected, is pending, has failed
        if pages is None and rows is None:
            return None
        return bool(pages) or (rows is not None and bool(rows[2] or rows[3]))

    def _process_memory(self, handle: Any) -> dict[int, int]:
        """By the names with a version: the one without is refused, and not by an NVMLError, where the driver is older."""
        nvml = self._nvml
        for question in (nvml.nvmlDeviceGetComputeRunningProcesses_v3, nvml.nvmlDeviceGetComputeRunningProcesses_v2):
            found = self._told(question, handle)
            if found is not None:
                return {int(process.pid): int(process.usedGpuMemory or 0) for process in found}
        return {}

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except self._nvml.NVMLError as error:
            raise GpusUnreadable(self._reason(error), is_broken=True) from None

    def _reason(self, error: Exception) -> Phrase:
        if isinstance(error, self._nvml.NVMLError_LibRmVersionMismatch):
            return OTHER_VERSION
        if isinstance(error, self._nvml.NVMLError_InvalidArgument):
            return Phrase("there is none of this number")
        return Phrase(str(error))

    def _told(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """The answer; None where this kind of GPU, or this driver, has none."""
        nvml = self._nvml
        try:
            return question(*arguments)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound, nvml.NVMLError_NoPermission):
            return None
