"""CPU, memory and I/O of every process of a rank, and the network and load of its node, with psutil."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.model.phrase import Phrase

try:
    import psutil
except ImportError:
    psutil = None

NO_PSUTIL = "psutil is not installed beside the engine: {python} -m pip install psutil"
# A last sample that would stand for less than this share of the interval says nothing.
_LEAST_SHARE = 0.2
_LOOPBACK = "lo"


class _Counted(NamedTuple):
    """Counters that only grow, of one process and the children that it has waited for.

    Attributes:
        own_cpu_s: of the process alone.
        parent: its parent when they were read.
    """

    parent: int
    own_cpu_s: float
    cpu_s: float
    disk_read: int
    disk_written: int
    read: int
    written: int


_TOTALS = ("cpu_s", "disk_read", "disk_written", "read", "written")


class BasicRecorder:
    """One row for the whole rank and one for each process, every ``interval_s`` seconds.

    Raises:
        Unavailable: psutil is not there.
    """

    def __init__(self, tree: TaskTree, output: Output, began: float, interval_s: float) -> None:
        if psutil is None:
            import sys

            raise Unavailable(Phrase(NO_PSUTIL, python=sys.executable))
        self._tree = tree
        self._output = output
        self._began = began
        self._interval_s = interval_s
        self._known: dict[int, Any] = {}
        self._rows: list[list[Any]] = []
        psutil.cpu_percent()
        self._last_at = began
        self._last = self._read()
        self._last_network = _network()

    def next_at(self) -> Optional[float]:
        return self._last_at + self._interval_s

    def turn(self, now: float) -> None:
        if now >= self._last_at + self._interval_s:
            self._sample(now)

    def finish(self, now: float) -> None:
        if now - self._last_at >= self._interval_s * _LEAST_SHARE:
            self._tree.look()
            if self._tree.processes:
                self._sample(now)

    def _sample(self, now: float) -> None:
        spent_s = now - self._last_at
        network, counted = _network(), self._read()
        # A process that somebody else has waited for, our supervisor, has taken its counts with it.
        kept = [one for pid, one in self._last.items() if pid in counted or one.parent != self._tree.supervisor]
        grown = {name: _sum(counted.values(), name) - _sum(kept, name) for name in _TOTALS}
        living = {pid: one.own_cpu_s - self._own_cpu_s(pid) for pid, one in counted.items()}
        grown["cpu_s"] = max(grown["cpu_s"], sum(living.values()), 0.0)
        rates = {f"{name}_bytes_per_s": round(max(0, grown[name]) / spent_s) for name in _TOTALS[1:]}
        for row in self._rows:
            row[3] = round(100 * living[row[0]] / spent_s, 1)
        received, sent, looped = (round((new - old) / spent_s) for new, old in zip(network, self._last_network))
        memory = psutil.virtual_memory()
        self._output.sample(
            "basic",
            {
                "elapsed_s": round(now - self._began, 3),
                "cpu_percent": round(100 * grown["cpu_s"] / spent_s, 1),
                "memory_rss_bytes": sum(row[4] for row in self._rows),
                **rates,
                "processes": len(self._rows),
                "threads": sum(row[5] for row in self._rows),
                "node_cpu_percent": psutil.cpu_percent(),
                "node_memory_used_bytes": memory.total - memory.available,
                "node_network_received_bytes_per_s": received,
                "node_network_sent_bytes_per_s": sent,
                "node_loopback_bytes_per_s": looped,
                "of_processes": self._rows,
            },
        )
        self._last_at, self._last, self._last_network = now, counted, network

    def _own_cpu_s(self, pid: int) -> float:
        before = self._last.get(pid)
        return before.own_cpu_s if before else 0.0

    def _read(self) -> dict[int, _Counted]:
        """The counters now; the rows of the processes are kept for who writes them, their share of the CPU still to come."""
        counted: dict[int, _Counted] = {}
        self._rows = []
        known: dict[int, Any] = {}
        for pid, stat in self._tree.processes.items():
            try:
                process = self._known.get(pid)
                if process is None or not process.is_running():
                    process = psutil.Process(pid)
                with process.oneshot():
                    times, memory = process.cpu_times(), process.memory_info()
                    name, parent = process.name(), process.ppid()
                    threads = process.num_threads()
                disk_read, disk_written, read, written = _traffic(process)
            except psutil.Error:  # it has just ended
                continue
            known[pid] = process
            own_cpu_s = times.user + times.system
            cpu_s = own_cpu_s + times.children_user + times.children_system
            counted[pid] = _Counted(parent, own_cpu_s, cpu_s, disk_read, disk_written, read, written)
            self._rows.append([pid, stat.parent, name, 0.0, memory.rss, threads, disk_read, disk_written])
        self._known = known
        return counted


def _sum(counted: Any, name: str) -> Any:
    return sum(getattr(one, name) for one in counted)


def _traffic(process: Any) -> tuple[int, int, int, int]:
    """Bytes from and to disks, and through all reads and writes; zeros where they may not be seen."""
    try:
        seen = process.io_counters()
    except (psutil.AccessDenied, NotImplementedError, OSError):
        return 0, 0, 0, 0
    return seen.read_bytes, seen.write_bytes, seen.read_chars, seen.write_chars


def _network() -> tuple[int, int, int]:
    """Bytes that the node has received, sent, and sent to itself. The kernel does not count them by process."""
    cards = psutil.net_io_counters(pernic=True)
    outside = [card for name, card in cards.items() if name != _LOOPBACK]
    looped = cards[_LOOPBACK].bytes_sent if _LOOPBACK in cards else 0
    return sum(card.bytes_recv for card in outside), sum(card.bytes_sent for card in outside), looped
