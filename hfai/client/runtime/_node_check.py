"""Is this node fit to train on? Quick looks at what goes wrong on nodes: memory, disks, GPUs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# Below this a process cannot even say that it failed.
LEAST_MEMORY_BYTES = 256 << 20
LEAST_DISK_BYTES = 64 << 20
_GPU_ANSWER_S = 20.0
_MEMORY = Path("/proc/meminfo")


def node_problems() -> list[str]:
    """What is wrong with this node, in sentences; empty if nothing is.

    Looked at: free memory; space and inodes of the disks of the workspace and of the logs, and whether they may be written to;
    whether the driver still answers, on a node with GPUs.

    Blocks: for milliseconds; where there are GPUs for as long as ``nvidia-smi -L`` takes, 20 seconds at most.
    """
    folders = {
        "workspace": os.environ.get("MARSV2_TASK_WORKSPACE") or str(Path.cwd()),
        "log directory": os.environ.get("MARSV2_LOG_DIR", ""),
    }
    found = [_memory(), *(_disk(what, path) for what, path in folders.items() if path), _gpus()]
    return [problem for problem in found if problem]


def _memory() -> str:
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text(encoding="ascii").splitlines())
        free = int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return ""  # not Linux: nobody to ask
    return f"only {free >> 20} MiB of memory are free" if free < LEAST_MEMORY_BYTES else ""


def _disk(what: str, path: str) -> str:
    try:
        disk = os.statvfs(path)
    except OSError as error:
        return f"the {what} cannot be reached: {error}"
    if disk.f_flag & os.ST_RDONLY:
        return f"the disk of the {what} {path} can only be read"
    free = disk.f_bavail * disk.f_frsize
    if free < LEAST_DISK_BYTES:
        return f"only {free >> 20} MiB are free on the disk of the {what} {path}"
    if disk.f_files and not disk.f_favail:
        return f"the disk of the {what} {path} can hold no more files"
    return ""


def _gpus() -> str:
    program = shutil.which("nvidia-smi")
    if not os.environ.get("CUDA_VISIBLE_DEVICES") or program is None:
        return ""
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=_GPU_ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the GPUs cannot be asked: {error}"
    said = (done.stdout + done.stderr).strip().splitlines()
    return f"the GPUs do not answer: {said[0] if said else done.returncode}" if done.returncode else ""
