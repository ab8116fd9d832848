"""What being profiled costs a task: throughput of a CPU-bound loop with and without, in one run of it."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Row, most_row, peer_row, python
from hfai.testing import EngineSandbox

if TYPE_CHECKING:
    import psutil

TITLE = "Profiling"
BUDGET = 1.03
WINDOWS = 12
WINDOW_S = 1.5
# py-spy needs a moment to find its way around in a process, which is not sampling yet.
SETTLE_S = 0.6
# Two threads, so that pausing has more than one to stop; each 10 ms of work one line with the time and the work done.
LOOP = """
import contextlib, os, threading, time

with contextlib.suppress(PermissionError):
    os.nice(-20)  # other work on the machine would drown what is measured

def work(count):
    total = 0
    for number in range(count):
        total += number * number
    return total

threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
out, done = os.open("done", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 0
print(os.getpid(), flush=True)
while True:
    work(100_000)
    done += 1
    os.write(out, f"{time.time()} {done}\\n".encode())
"""


def measure() -> list[Row]:
    with EngineSandbox({"nodes": 1}) as engine, tempfile.TemporaryDirectory() as work, _environment(engine.env):
        return _measure(Path(work))


def _measure(work: Path) -> list[Row]:
    import hfai.client

    (work / "loop.py").write_text(LOOP)
    spec = {"workspace": str(work), "entrypoint": "loop.py"}
    shell = {"PATH": f"{Path(python()).parent}{os.pathsep}{os.environ['PATH']}"}
    task = hfai.client.create_experiment_v2({"version": 2, "name": "loop", "spec": {**spec, "environments": shell}})
    pid = int(next(iter(hfai.client.stream_logs(task, follow=True))).text)

    def profiled(recorders: str | None) -> Callable[[], contextlib.AbstractContextManager[object]]:
        return lambda: hfai.client.start_profile(task, 600, recorders)

    ways = {
        "nothing": contextlib.nullcontext,
        "`prof`, all recorders": profiled(None),
        "`prof --recorder basic`": profiled("basic"),
        "py-spy that pauses the process for each sample": lambda: _pausing(pid),
    }
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(WINDOWS):
        names = list(ways) if number % 2 else list(reversed(ways))
        rates = {name: _rate(work / "done", ways[name]) for name in names}
        for name in names:
            ratios[name].append(rates["nothing"] / rates[name])
    with ways["`prof`, all recorders"]():
        share = _share_of_the_profiler()
    task.stop()
    task.wait()
    rows = [most_row("`prof`, all recorders: its own CPU", 100 * share, "% of a core", 5)]
    for name in list(ways)[1:]:
        slower = statistics.median(ratios[name])
        note = f"{min(ratios[name]):.3f} to {max(ratios[name]):.3f} in {WINDOWS} pairs of windows"
        if "pauses" in name:
            rows.append(peer_row(f"{name}: time for the same work", slower, "x without", note))
        else:
            rows.append(Row(f"{name}: time for the same work", f"{slower:.3f} x without", note, f"{BUDGET} x", slower <= BUDGET))
    return rows


def _rate(done: Path, way: Callable[[], contextlib.AbstractContextManager[object]]) -> float:
    """Pieces of work a second while it is sampled in that way."""
    with way():
        time.sleep(SETTLE_S)
        began = time.time()
        time.sleep(WINDOW_S)
        ended = time.time()
    seen = [line.split() for line in done.read_text().splitlines() if line.count(" ") == 1]
    inside = [(float(at), int(count)) for at, count in seen if began <= float(at) <= ended]
    return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def _share_of_the_profiler() -> float:
    """CPU seconds a second of the profiler and its py-spy, once they are at work."""
    import psutil

    time.sleep(SETTLE_S)
    found = [one for one in psutil.process_iter() if one.pid != os.getpid() and _is_profiler(one)]

    def spent() -> float:
        return sum(one.cpu_times().user + one.cpu_times().system for one in found)

    before, began = spent(), time.monotonic()
    time.sleep(2 * WINDOW_S)
    return (spent() - before) / (time.monotonic() - began)


def _is_profiler(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.environ().get("HFAI_GUEST") == "profiler"
    except psutil.Error:
        return False


@contextlib.contextmanager
def _pausing(pid: int) -> Iterator[None]:
    from hfai.engine.profiler.stacks import find_py_spy

    program = find_py_spy()
    assert program is not None
    command = [program, "record", "--subprocesses", "--format", "raw", "--rate", "100", "--pid", str(pid), "-o", os.devnull]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(2)
        process.wait()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
