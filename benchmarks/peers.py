"""The tools that people use today, measured beside ours where they are installed.

task-spooler comes from Debian. submitit and torchx live in an environment of their own, `.peers` beside this package or the one whose
interpreter ``HFAI_BENCH_PEERS`` names: ``python3 -m venv .peers && .peers/bin/pip install submitit torchx``. A peer that is not there
is named on stderr and left out, so that nobody takes its absence for a result.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_OWN = Path(__file__).parent.parent / ".peers" / "bin" / "python"


# What ends the servers that peers leave running.
_ends: list[Callable[[], object]] = []


def close() -> None:
    """End every peer that still runs."""
    while _ends:
        _ends.pop()()


def _environ(**more: str) -> dict[str, str]:
    """Ours without what would make a peer's processes look like ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HFAI_")} | more


def _tsp_is_there() -> bool:
    if shutil.which("tsp"):
        return True
    print("task-spooler is not installed: left out", file=sys.stderr)
    return False


def _tsp(env: dict[str, str], *words: str) -> str:
    return subprocess.run(["tsp", *words], env=env, check=True, capture_output=True, text=True).stdout


def _tsp_first_line(work: str) -> Callable[[], float]:
    env = _environ(TS_SOCKET=str(Path(work, "tsp.sock")), TMPDIR=work)
    _ends.append(lambda: _tsp(env, "-K"))

    def once() -> float:
        began = time.perf_counter()
        job = _tsp(env, "sh", str(Path(work, "hello.sh"))).strip()
        _tsp(env, "-w", job)  # following is refused until the job has begun
        line = _tsp(env, "-c", job)
        spent = time.perf_counter() - began
        if line != "hello\n":
            raise RuntimeError(f"tsp gave {line!r}")
        return spent

    return once


def _inside(name: str, work: str) -> Callable[[], float] | None:
    """A measurement of ``peers_inside`` in a process that stays, so that its imports are not counted."""
    interpreter = os.environ.get("HFAI_BENCH_PEERS") or str(_OWN)
    package = name.split("_")[0]
    if not Path(interpreter).exists() or subprocess.run([interpreter, "-c", f"import {package}"]).returncode:
        print(f"{package} is not installed for {interpreter}: left out", file=sys.stderr)
        return None
    process = subprocess.Popen(
        [interpreter, str(Path(__file__).with_name("peers_inside.py")), name, work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=_environ(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ask, answers = process.stdin, process.stdout

    def end() -> None:
        ask.close()
        answers.close()
        process.wait()

    _ends.append(end)

    def once() -> float:
        ask.write("\n")
        return float(answers.readline())

    return once


def first_line(work: str) -> dict[str, Callable[[], float]]:
    """For each peer here: seconds from submission to the first line, for a task that says hello."""
    found = {"task-spooler": _tsp_first_line(work) if _tsp_is_there() else None}
    found["submitit"] = _inside("submitit_first_line", work)
    found["torchx"] = _inside("torchx_first_line", work)
    return {name: once for name, once in found.items() if once is not None}


def tsp_rates(work: str, count: int) -> tuple[float, float] | None:
    """(submissions/s, tiny tasks/s end to end) of task-spooler with four slots, None where it is not installed."""
    if not _tsp_is_there():
        return None
    env = _environ(TS_SOCKET=str(Path(work, "rates.sock")), TMPDIR=work, TS_MAXFINISHED=str(count))
    _tsp(env, "-S", "4")
    began = time.perf_counter()
    for _ in range(count):
        _tsp(env, "-n", "true")
    accepted = time.perf_counter()
    _tsp(env, "-w")
    ended = time.perf_counter()
    _tsp(env, "-K")
    return count / (accepted - began), count / (ended - began)


def submitit_rate(work: str) -> float | None:
    """Tiny tasks/s end to end of submitit's local executor, None where it is not installed."""
    once = _inside("submitit_twenty", work)
    return None if once is None else 20 / once()
