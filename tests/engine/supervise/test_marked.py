"""Ending what a killed supervisor left when nobody else did: by mark, and by session for those without a mark."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Callable, Iterator

import pytest

from hfai.engine.supervise.ask import kill_marked

MARK = {"HFAI_RUN": "engine-of-this-test:7:0"}
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    spawned: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, start_new_session=True)
        spawned.append(process)
        return process

    yield start
    for process in spawned:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_only_the_marked_ones(spawn: Any) -> None:
    """Not another rank's, not one whose number begins the same."""
    marked = [spawn(SLEEP, MARK) for _ in range(3)]
    others = [
        spawn(SLEEP, {"HFAI_RUN": value}) for value in ("engine-of-this-test:7:01", "engine-of-this-test:8:0", "")
    ]
    others.append(spawn(SLEEP, {"X": "HFAI_RUN=engine-of-this-test:7:0"}))
    assert kill_marked("engine-of-this-test", 7, 0) == 3
    assert [process.wait(20) for process in marked] == [-9, -9, -9]
    assert [process.poll() for process in others] == [None] * 4
    assert kill_marked("engine-of-this-test", 7, 0) == 0


def test_the_session_finds_those_without_a_mark(spawn: Any, wait_until: Any, is_alive: Any) -> None:
    leader = spawn(["sh", "-c", f"env -i {SLEEP[0]} -S -c 'import time; time.sleep(600)' & echo $!; wait"], MARK)
    child = int(leader.stdout.readline())
    assert kill_marked("engine-of-this-test", 7, 0, sid=leader.pid) >= 2
    assert leader.wait(20) == -9
    wait_until(lambda: not is_alive(child))
