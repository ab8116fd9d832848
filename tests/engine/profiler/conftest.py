"""The real profiler beside real processes; this process stands in for the supervisor that they are children of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import pytest

import hfai
from hfai.engine.supervise.guests import PROFILER
from hfai.model.profiling import profile_options

Lines = list[dict[str, Any]]
DEADLINE_S = 30.0
# Forks a child; both have a function of their own that takes all of the CPU.
BUSY = """
import os

def parent_work():
    while True:
        sum(range(1000))

def child_work():
    while True:
        sum(range(1000))

if os.fork():
    print("begun", flush=True)
    parent_work()
child_work()
"""


@pytest.fixture
def task() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts what stands for a task, and waits until it has written something."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*argv: str, **environ: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            argv, env={**os.environ, "HFAI_RUN": "test:1:0", **environ}, stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline()
        return process

    yield start
    for process in started:
        os.killpg(process.pid, 9)
        process.communicate()


@pytest.fixture
def busy(task: Callable[..., subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """A task of two busy Python processes."""
    return task(sys.executable, "-c", BUSY)


@pytest.fixture
def start_profiler() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the profiler with options, as a supervisor would."""
    started: list[subprocess.Popen[bytes]] = []

    def start(before: Sequence[str] = (), environ: Any = None, **asked: Any) -> subprocess.Popen[bytes]:
        library = str(Path(hfai.__file__).parent.parent)
        words = [*before, sys.executable, "-c", PROFILER, json.dumps(profile_options(**asked).to_wire()), library]
        process = subprocess.Popen(words, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE, cwd="/")
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def profiled(start_profiler: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Lines]:
    """Runs the profiler to its end and returns what it wrote."""

    def run(**arguments: Any) -> Lines:
        out, _ = start_profiler(**arguments).communicate(timeout=DEADLINE_S)
        return lines_of(out)

    return run


def lines_of(out: bytes) -> Lines:
    """The lines of the profiler; what is behind one of ``python`` is its ``body``."""
    found: Lines = []
    while out:
        head, _, out = out.partition(b"\n")
        line = json.loads(head)
        if "n" in line:
            line["body"] = json.loads(zlib.decompress(out[: line["n"]]))
            out = out[line["n"] :]
        found.append(line)
    return found


def until(condition: Callable[[], Any]) -> Any:
    """The first result that counts as true."""
    deadline = time.monotonic() + DEADLINE_S
    while not (result := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result
