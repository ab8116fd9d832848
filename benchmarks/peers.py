"""The tools that people use today, measured beside ours where they are installed (Debian, PyPI).

A peer that is not installed is left out and named on stderr, so that nobody takes its absence for a result.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def _is_there(tool: str, found: object) -> bool:
    if found is None:
        print(f"peer {tool} is not installed: left out", file=sys.stderr)
    return found is not None


def _tsp(env: dict[str, str], *words: str) -> str:
    return subprocess.run(["tsp", *words], env=env, check=True, capture_output=True, text=True).stdout


def _tsp_first_line(work: str) -> Callable[[], float]:
    env = {**os.environ, "TS_SOCKET": str(Path(work, "tsp.sock")), "TMPDIR": work}

    def once() -> float:
        began = time.perf_counter()
        job = _tsp(env, "sh", str(Path(work, "hello.sh"))).strip()
        with subprocess.Popen(["tsp", "-t", job], env=env, stdout=subprocess.PIPE) as follower:
            assert follower.stdout is not None
            line = follower.stdout.readline()
            spent = time.perf_counter() - began
            follower.stdout.read()
        if line != b"hello\n":
            raise RuntimeError(f"tsp gave {line!r}")
        return spent

    return once


def _submitit_first_line(work: str) -> Callable[[], float]:
    import submitit

    executor = submitit.LocalExecutor(folder=str(Path(work, "submitit")))
    executor.update_parameters(timeout_min=1)

    def once() -> float:
        began = time.perf_counter()
        job = executor.submit(print, "hello")
        while "hello" not in (job.stdout() or ""):
            time.sleep(0.002)
        spent = time.perf_counter() - began
        job.result()
        return spent

    return once


def _torchx_first_line(work: str) -> Callable[[], float]:
    from torchx.runner import get_runner

    runner = get_runner()

    def once() -> float:
        began = time.perf_counter()
        app = runner.run_component(
            "utils.echo", ["--msg", "hello"], "local_cwd", {"log_dir": tempfile.mkdtemp(dir=work)}
        )
        line = next(iter(runner.log_lines(app, "echo", 0, should_tail=True)))
        spent = time.perf_counter() - began
        runner.wait(app, wait_interval=0.05)
        if "hello" not in line:
            raise RuntimeError(f"torchx gave {line!r}")
        return spent

    return once


def first_line(work: str) -> dict[str, Callable[[], float]]:
    """For each peer here: seconds from submission to the first line, for a task that says hello."""
    found: dict[str, Callable[[], float]] = {}
    if _is_there("task-spooler", shutil.which("tsp")):
        found["task-spooler"] = _tsp_first_line(work)
    if _is_there("submitit", importlib.util.find_spec("submitit")):
        found["submitit"] = _submitit_first_line(work)
    if _is_there("torchx", importlib.util.find_spec("torchx")):
        found["torchx"] = _torchx_first_line(work)
    return found


def tsp_rates(work: str, count: int) -> tuple[float, float] | None:
    """(submissions/s, tiny tasks/s end to end) of task-spooler with two slots, None where it is not installed."""
    if not _is_there("task-spooler", shutil.which("tsp")):
        return None
    env = {**os.environ, "TS_SOCKET": str(Path(work, "rates.sock")), "TMPDIR": work, "TS_MAXFINISHED": str(count)}
    _tsp(env, "-S", "4")
    began = time.perf_counter()
    for _ in range(count):
        _tsp(env, "-n", "true")
    accepted = time.perf_counter()
    _tsp(env, "-w")
    ended = time.perf_counter()
    _tsp(env, "-K")
    return count / (accepted - began), count / (ended - began)


def submitit_rate(work: str, count: int) -> float | None:
    """Tiny tasks/s end to end of submitit's local executor, None where it is not installed."""
    if not _is_there("submitit", importlib.util.find_spec("submitit")):
        return None
    import submitit

    executor = submitit.LocalExecutor(folder=str(Path(work, "submitit-rate")))
    began = time.perf_counter()
    for job in [executor.submit(int) for _ in range(count)]:
        job.result()
    return count / (time.perf_counter() - began)
