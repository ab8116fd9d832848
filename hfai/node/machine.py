"""How busy this machine is, as the kernel counts it: processors, memory, and what trees of processes use of both.

Counters only: two looks and the time between them make a percentage.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Optional

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """Memory of the machine, in bytes."""

    __slots__ = ("available", "swap_free", "swap_total", "total")

    def __init__(self, kib: Mapping[str, int]) -> None:
        self.total = kib["MemTotal"] << 10
        self.available = kib.get("MemAvailable", kib["MemFree"]) << 10
        self.swap_total = kib.get("SwapTotal", 0) << 10
        self.swap_free = kib.get("SwapFree", 0) << 10


def read_memory() -> Memory:
    """What there is and what a new process could get.

    Raises:
        OSError: this system does not tell.
    """
    kib: dict[str, int] = {}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            kib[name] = int(value.split()[0])
    return Memory(kib)


def read_cpu_seconds() -> tuple[float, float]:
    """Seconds that all processors together have worked since boot, and seconds that they could have.

    Raises:
        OSError: this system does not tell.
    """
    with open("/proc/stat", encoding="ascii") as file:
        # user nice system idle iowait irq softirq steal; guests are in user already.
        ticks = [int(word) for word in file.readline().split()[1:9]]
    total = sum(ticks)
    return (total - ticks[3] - ticks[4]) / _TICKS_PER_S, total / _TICKS_PER_S


class Process:
    """One process at one moment.

    Attributes:
        start: ticks since boot; with the pid it names a process for good.
        cpu_s: seconds of processors that it has used.
        memory_bytes: what is resident of it, shared pages counted in each process.
    """

    __slots__ = ("cpu_s", "memory_bytes", "parent", "pid", "start")

    def __init__(self, pid: int, fields: list[bytes]) -> None:
        self.pid = pid
        self.parent = int(fields[1])
        self.cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        self.start = int(fields[19])
        self.memory_bytes = int(fields[21]) * _PAGE_BYTES


def read_processes() -> dict[int, Process]:
    """Every process of the machine by its id; some ten microseconds for each."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
            # The name in brackets may itself hold brackets and blanks.
            found[int(name)] = Process(int(name), file.read().rpartition(b")")[2].split())
    return found


def descendants(processes: Mapping[int, Process], roots: Iterable[int]) -> dict[int, list[Process]]:
    """What descends from each of these processes, without it itself."""
    children: dict[int, list[Process]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    found = {}
    for root in roots:
        below: list[Process] = []
        left = list(children.get(root, ()))
        while left:
            process = left.pop()
            below.append(process)
            left += children.get(process.pid, ())
        found[root] = below
    return found


def host_name() -> str:
    """What this machine calls itself."""
    return os.uname().nodename


def load_averages() -> Optional[tuple[float, float, float]]:
    """Of 1, 5 and 15 minutes; None where the system does not tell."""
    try:
        return os.getloadavg()
    except OSError:
        return None
