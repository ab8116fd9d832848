"""How busy the machine is, and what each rank uses of it: asked while somebody looks, never by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from hfai.engine.gpu_watch import GpuWatch
from hfai.node import machine

# Several who look at the same time share a look.
FRESH_S = 0.5
# A percentage is of the time since the look before; after a longer pause two quick looks make one.
STALE_S = 20.0
_QUICK_S = 0.25
_GPU_FIELDS = ("number", "name", "utilization_percent", "memory_total_bytes", "memory_used_bytes", "temperature_c", "power_w")


class Rank(NamedTuple):
    """A rank whose processes are counted together."""

    node: str
    run_id: int
    rank: int
    directory: Path


class _Look(NamedTuple):
    """Counters at one moment of the monotonic clock."""

    at: float
    busy_s: float
    possible_s: float
    processes: dict[tuple[str, int, int], dict[tuple[int, int], machine.Process]]


class UsageMeter:
    """Makes the answer of ``query/node/usage``.

    Args:
        gpus: where the state of the GPUs comes from; None for a machine without.
    """

    def __init__(self, gpus: Optional[GpuWatch] = None) -> None:
        self._gpus = gpus
        self._lock: Optional[asyncio.Lock] = None
        self._last: Optional[_Look] = None
        self._answer: Optional[dict[str, Any]] = None
        self._supervisors: dict[Path, int] = {}

    async def usage(self, ranks: Sequence[Rank]) -> dict[str, Any]:
        """``interval_s`` that percentages are of, ``machines``, and per node with a rank its ``cpu_percent`` (of one processor),
        ``memory_bytes`` and ``processes``.
        """
        if self._lock is None:  # before Python 3.10 a lock belongs to the loop that runs when it is made
            self._lock = asyncio.Lock()
        async with self._lock:
            now = time.monotonic()
            if self._answer is not None and self._last is not None and now - self._last.at < FRESH_S:
                return self._answer
            before = self._last
            if before is None or now - before.at > STALE_S:
                before = await asyncio.to_thread(self._look, ranks)
                await asyncio.sleep(_QUICK_S)
            look, (gpus, memory) = await asyncio.gather(asyncio.to_thread(self._look, ranks), self._states())
            self._last, self._answer = look, self._made(before, look, ranks, gpus, memory)
            return self._answer

    async def close(self) -> None:
        """Let go of the GPUs."""
        if self._gpus is not None:
            await self._gpus.close()

    async def _states(self) -> tuple[dict[str, Any], machine.Memory]:
        gpus = {"gpus": []} if self._gpus is None else await self._gpus.read()
        return gpus, machine.read_memory()

    def _look(self, ranks: Sequence[Rank]) -> _Look:
        supervisors = {rank: self._supervisor(rank.directory) for rank in ranks}
        self._supervisors = {path: pid for path, pid in self._supervisors.items() if path in {one.directory for one in ranks}}
        below: dict[int, list[machine.Process]] = {}
        if supervisors:
            below = machine.descendants(machine.read_processes(), filter(None, supervisors.values()))
        processes = {
            (rank.node, rank.run_id, rank.rank): {(one.pid, one.start): one for one in below.get(pid or 0, ())}
            for rank, pid in supervisors.items()
        }
        busy_s, possible_s = machine.read_cpu_seconds()
        return _Look(time.monotonic(), busy_s, possible_s, processes)

    def _supervisor(self, directory: Path) -> Optional[int]:
        """The process id of a rank's supervisor, once it has begun (docs/architecture.md, "Files on disk")."""
        if directory not in self._supervisors:
            with contextlib.suppress(OSError, ValueError, KeyError):
                started = json.loads((directory / "started.json").read_bytes())
                self._supervisors[directory] = int(started["supervisor_pid"])
        return self._supervisors.get(directory)

    def _made(
        self, before: _Look, look: _Look, ranks: Sequence[Rank], gpus: Mapping[str, Any], memory: machine.Memory
    ) -> dict[str, Any]:
        span_s = max(look.at - before.at, 1e-6)
        possible_s = look.possible_s - before.possible_s
        busy = (look.busy_s - before.busy_s) / possible_s if possible_s > 0 else 0.0
        host = {
            "name": machine.host_name(),
            "cpu_count": os.cpu_count() or 1,
            "cpu_percent": round(100 * min(1.0, max(0.0, busy)), 1),
            "load": machine.load_averages(),
            "memory_bytes": memory.total,
            "memory_used_bytes": memory.total - memory.available,
            "swap_bytes": memory.swap_total,
            "swap_used_bytes": memory.swap_total - memory.swap_free,
            "gpus": [{name: row[name] for name in _GPU_FIELDS} for row in gpus["gpus"]],
            "gpus_unreadable": gpus.get("unreadable"),
        }
        nodes = []
        for rank in ranks:
            key = (rank.node, rank.run_id, rank.rank)
            old, new = before.processes.get(key, {}), look.processes.get(key, {})
            used_s = sum(one.cpu_s - (old[name].cpu_s if name in old else 0.0) for name, one in new.items())
            nodes.append(
                {
                    "name": rank.node,
                    "run_id": rank.run_id,
                    "rank": rank.rank,
                    "cpu_percent": round(100 * max(0.0, used_s) / span_s, 1) if key in before.processes else None,
                    "memory_bytes": sum(one.memory_bytes for one in new.values()),
                    "processes": len(new),
                }
            )
        return {"interval_s": round(span_s, 3), "machines": [host], "nodes": nodes}
