"""Runs of real training scripts, suspended by the simulation or by a control page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Callable, NamedTuple, Optional

import pytest

ROOT = Path(__file__).parents[3]
DEADLINE_S = 240


class Ended(NamedTuple):
    """One rank's end."""

    status: int
    stdout: str
    stderr: str

    @property
    def is_suspended(self) -> bool:
        return "this simulated task ends here" in self.stderr


Launch = Callable[..., "list[Ended]"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Run a script on ``ranks`` ranks at once in ``tmp_path``; all of them have ended when it returns.

    Only rank 0 is told to suspend, ``suspend_after_s`` seconds after it first asked.
    """

    def start(command: list[str], rank: int, ranks: int, port: int, suspend_after_s: Optional[float]) -> subprocess.Popen[str]:
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HFAI_SIMULATE": "1",
            "OMP_NUM_THREADS": "1",
            "RANK": str(rank),
            "WORLD_SIZE": str(ranks),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "CHAIN_ID": "test",
        }
        if suspend_after_s is not None and rank == 0:
            environ["SIMULATE_SUSPEND"] = str(suspend_after_s)
        return subprocess.Popen(
            command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def run(script: str, *arguments: object, ranks: int = 1, suspend_after_s: Optional[float] = None) -> list[Ended]:
        command = [sys.executable, script, *map(str, arguments)]
        port = _free_port()
        running = [start(command, rank, ranks, port, suspend_after_s) for rank in range(ranks)]
        try:
            return [Ended(process.returncode, *texts) for process in running for texts in [process.communicate(timeout=DEADLINE_S)]]
        finally:
            for process in running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    return run


@pytest.fixture
def example() -> Callable[[str], str]:
    """The path of an example by its name."""
    return lambda name: str(ROOT / "examples" / name)
