"""What takes no time to look at: memory, disks, GPUs. Before each task, where a child process failed, and as a part of ``validate``."""

from __future__ import annotations

import os

from hfai.model.phrase import Phrase
from hfai.node.check import Check, failed, skipped
from hfai.node.gpus import GpusUnreadable

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from typing import Optional, Sequence

    from hfai.node.gpus import GpuState

# Below these a process cannot even say that it failed; of small machines a share, or they would never be fit.
LEAST_MEMORY_BYTES, LEAST_MEMORY_SHARE = 256 << 20, 0.05
LEAST_DISK_BYTES, LEAST_DISK_SHARE = 64 << 20, 0.01
MEMORY_FILE = "/proc/meminfo"
_GPU_ANSWER_S = 20.0


def memory(least_bytes: Optional[int] = None) -> Check:
    """The memory that a new process could get.

    Args:
        least_bytes: how much it has to be; left out, 256 MiB, of a machine with less than 5 GiB a twentieth of what it has.
    """
    try:
        with open(MEMORY_FILE, "rb") as file:
            lines = dict(line.split(b":", 1) for line in file.read(4096).splitlines() if b":" in line)
        free = int(lines[b"MemAvailable"].split()[0]) << 10
        total = int(lines[b"MemTotal"].split()[0]) << 10
    except (OSError, KeyError, ValueError, IndexError):
        return skipped("memory", Phrase("this system does not tell"))
    least = min(LEAST_MEMORY_BYTES, int(total * LEAST_MEMORY_SHARE)) if least_bytes is None else least_bytes
    check = Check("memory", free, least, "bytes")
    if check.has_failed:
        check.text = Phrase("only {free} MiB of memory are free", free=free >> 20)
    return check


def workspace_space(path: str, least_bytes: Optional[int] = None) -> Check:
    """The disk of the workspace: see :func:`log_space`."""
    return _disk("workspace_space", Phrase("workspace"), path, least_bytes)


def log_space(path: str, least_bytes: Optional[int] = None) -> Check:
    """Whether there is space left on the disk of the logs, for files too, and whether it may be written to.

    Args:
        path: of a folder on it.
        least_bytes: how much has to be free; left out, 64 MiB, of a disk with less than 6.25 GiB a hundredth of it.
    """
    return _disk("log_space", Phrase("log folder"), path, least_bytes)


def _disk(name: str, what: str, path: str, least_bytes: Optional[int]) -> Check:
    try:
        found = os.statvfs(path)
    except OSError as error:
        return failed(name, Phrase("the {what} cannot be reached: {reason}", what=what, reason=Phrase(error.strerror or str(error))))
    if found.f_flag & os.ST_RDONLY:
        return failed(name, Phrase("the disk of the {what} {path} can only be read", what=what, path=path))
    if found.f_files and not found.f_favail:
        return failed(name, Phrase("the disk of the {what} {path} can hold no more files", what=what, path=path))
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    least = min(LEAST_DISK_BYTES, int(total * LEAST_DISK_SHARE)) if least_bytes is None else least_bytes
    check = Check(name, free, least, "bytes")
    if check.has_failed:
        template = "only {free} MiB are free on the disk of the {what} {path}"
        check.text = Phrase(template, free=free >> 20, what=what, path=path)
    return check


def gpus(numbers: Sequence[int], most_used_bytes: Optional[int] = None) -> list[Check]:
    """Whether the GPUs of a node answer, how much of their memory is in use, and whether it has errors.

    Args:
        numbers: which GPUs, as in ``nvidia-smi``; none on a node without.
        most_used_bytes: how much of the memory of each may be in use; left out, any.

    Returns:
        ``gpu_memory`` and ``gpu_errors``.

    Blocks for as long as the driver takes to answer: some 200 ms, 20 seconds at most; then they have failed.
    """
    if not numbers:
        return [skipped(name, Phrase("this node has no GPU")) for name in ("gpu_memory", "gpu_errors")]
    from hfai.node.gpu_asking import GpuReader

    try:
        with GpuReader(_GPU_ANSWER_S) as reader:
            found = reader.read(numbers)
        states = [found.of(number) for number in numbers]
    except GpusUnreadable as error:
        if error.is_broken:
            said = Phrase("the GPUs do not answer: {reason}", reason=error.reason)
            return [skipped("gpu_memory", said), failed("gpu_errors", said)]
        said = Phrase("not read: {reason}", reason=error.reason)
        return [skipped("gpu_memory", said), _driver_answers(said)]
    errors = Check("gpu_errors", sum(state.uncorrected_errors or 0 for state in states), 0, "errors", is_most=True)
    if errors.has_failed:
        bad = ", ".join(str(state.number) for state in states if state.uncorrected_errors)
        errors.text = Phrase("memory errors that could not be corrected on GPU {gpus}", gpus=bad)
    elif worn := [str(state.number) for state in states if state.needs_reset]:
        errors = failed("gpu_errors", Phrase("failed memory on GPU {gpus}: it has to be reset", gpus=", ".join(worn)))
    return [_memory_in_use(states, most_used_bytes), errors]


def _memory_in_use(states: Sequence[GpuState], most_used_bytes: Optional[int]) -> Check:
    told = [state.memory_used_bytes for state in states if state.memory_used_bytes is not None]
    if not told:  # it works with the memory of the machine
        return skipped("gpu_memory", Phrase("not told by this GPU"))
    check = Check("gpu_memory", max(told), most_used_bytes, "bytes", is_most=True)
    if check.has_failed:
        check.text = Phrase("{used} MiB of a GPU's memory are in use already", used=max(told) >> 20)
    return check


def _driver_answers(unread: Phrase) -> Check:
    """Without NVML's library the driver's own program can say at least whether there is an answer."""
    import subprocess

    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=_GPU_ANSWER_S, check=False)
    except FileNotFoundError:
        return skipped("gpu_errors", unread)
    except (OSError, subprocess.TimeoutExpired) as error:
        return failed("gpu_errors", Phrase("the GPUs cannot be asked: {reason}", reason=str(error)))
    if done.returncode == 0:
        return skipped("gpu_errors", unread)
    said = (done.stdout + done.stderr).strip().splitlines()
    return failed(
        "gpu_errors", Phrase("the GPUs do not answer: {reason}", reason=said[0] if said else str(done.returncode))
    )
