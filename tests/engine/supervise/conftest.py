"""Real supervisors and launchers on real directories; at the end of each test nothing of them may be left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

from hfai.engine.supervise.ask import ask, kill_marked, read_end, read_started

DEADLINE_S = 20.0
STAMP_BYTES = 29


def until(condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """The first true value of the condition; fails when there is none in time."""
    deadline = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {deadline_s:g} s"
        time.sleep(0.005)


class Run:
    """One run on disk, and what its supervisors made of it."""

    def __init__(self, path: Path, spec: dict[str, Any]) -> None:
        self.path = path
        self.spec = spec
        path.mkdir(parents=True)
        (path / "spec.json").write_text(json.dumps(spec))

    @property
    def rank_dir(self) -> Path:
        return self.path / "0"

    @property
    def end(self) -> Optional[dict[str, Any]]:
        return read_end(str(self.rank_dir))

    @property
    def started(self) -> Optional[dict[str, Any]]:
        return read_started(str(self.rank_dir))

    def ask(self, action: str, **values: Any) -> dict[str, Any]:
        return ask(str(self.rank_dir), {"action": action, **values})

    def segments(self) -> list[bytes]:
        names = sorted((n.name for n in self.rank_dir.glob("log.*")), key=lambda name: int(name[4:]))
        return [(self.rank_dir / name).read_bytes() for name in names]

    @property
    def log(self) -> bytes:
        return b"".join(self.segments())

    @property
    def output(self) -> bytes:
        """The log without stamps."""
        return b"".join(line[STAMP_BYTES:] for line in self.log.splitlines(keepends=True))


class Supervisors:
    """Makes runs and supervises them; keeps account of what it started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.engine_id = uuid.uuid4().hex
        self.started: list[subprocess.Popen[bytes]] = []
        self.runs: list[Run] = []

    def run(self, *argv: str, **changes: Any) -> Run:
        """A run of one rank with that command, not started."""
        run_id = len(self.runs) + 1
        workspace = self.directory / "workspace"
        workspace.mkdir(exist_ok=True)
        spec = {
            "format": 1,
            "engine_id": self.engine_id,
            "run_id": run_id,
            "chain_id": str(uuid.uuid4()),
            "name": "x",
            "user": "u",
            "argv": list(argv),
            "workspace": str(workspace),
            "environ": {"PATH": os.environ["PATH"]},
            "watchdog_s": 1800,
            "timeout_at": None,
            "stop_grace_s": 5.0,
            "whole_life_state": 0,
            "log_segment_bytes": 1 << 26,
            "events_socket": None,
            "ranks": [{"node": "cpu-0", "environ": {"RANK": "0"}}],
            **changes,
        }
        run = Run(self.directory / "runs" / str(run_id), spec)
        self.runs.append(run)
        return run

    def python(self, code: str, *arguments: str, **changes: Any) -> Run:
        """A run of some Python code, not started."""
        return self.run(sys.executable, "-u", "-c", code, *arguments, **changes)

    def start(self, run: Run, rank: int = 0) -> subprocess.Popen[bytes]:
        """Start a supervisor of the run directly."""
        command = [sys.executable, "-m", "hfai.engine.supervise", str(run.path), str(rank)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def finish(self, run: Run) -> dict[str, Any]:
        """Start a supervisor, wait until it has gone and return the end marker."""
        assert self.start(run).wait(DEADLINE_S) == 0
        assert run.end is not None
        return run.end

    def marked(self) -> list[int]:
        """Living processes that carry a mark of this engine."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    if f"HFAI_RUN={self.engine_id}:".encode() in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
        return found

    def close(self) -> None:
        left = [process for process in self.started if process.poll() is None]
        for process in left:
            process.kill()
        for process in self.started:
            process.wait()
        marked = self.marked()
        for run in self.runs:
            kill_marked(self.engine_id, run.spec["run_id"], 0)
        assert not left, f"supervisors were left: {left}"
        assert not marked, f"processes of tasks were left: {marked}"


class LauncherUnderTest:
    """A launcher and the daemon's end of its socket."""

    def __init__(self, supervisors: Supervisors) -> None:
        self.supervisors = supervisors
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(DEADLINE_S)
        command = [sys.executable, "-m", "hfai.engine.supervise.launcher"]
        with theirs:
            self.process = subprocess.Popen(command, stdin=theirs)
        supervisors.started.append(self.process)

    def send(self, run: Run, rank: int = 0) -> None:
        self.socket.send(json.dumps({"run_dir": str(run.path), "rank": rank}).encode())

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        packet, fds, _, _ = socket.recv_fds(self.socket, 65536, 4)
        return json.loads(packet), fds

    def launch(self, run: Run) -> int:
        """Launch rank 0 and return the pid of its supervisor."""
        self.send(run)
        answer, fds = self.receive()
        assert "error" not in answer
        assert len(fds) == 1
        os.close(fds[0])
        return int(answer["pid"])

    def children(self) -> list[int]:
        return list_children(self.process.pid)

    def close(self) -> None:
        self.socket.close()
        try:
            assert self.process.wait(DEADLINE_S) == 0
        finally:
            if self.process.poll() is None:
                self.process.kill()


def list_children(parent: int) -> list[int]:
    """Children of a process, dead ones that it has not reaped included."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found


@pytest.fixture
def supervisors(tmp_path: Path) -> Iterator[Supervisors]:
    supervisors = Supervisors(tmp_path)
    try:
        yield supervisors
    finally:
        supervisors.close()


@pytest.fixture
def launcher(supervisors: Supervisors) -> Iterator[LauncherUnderTest]:
    launcher = LauncherUnderTest(supervisors)
    try:
        yield launcher
    finally:
        launcher.close()


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Wait for a condition, with a deadline."""
    return until


@pytest.fixture
def children_of() -> Callable[[int], list[int]]:
    """The children of a process, dead ones that it has not reaped included."""
    return list_children


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Whether a process runs; a zombie does not."""

    def check(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
        except (FileNotFoundError, ProcessLookupError):
            return False

    return check


@pytest.fixture(autouse=True)
def no_stray_signal() -> Iterator[None]:
    """A kill that goes to the wrong group would hit us: make that a failure, not the end of the test run."""
    caught: list[int] = []
    old = signal.signal(signal.SIGTERM, lambda signum, frame: caught.append(signum))
    yield
    signal.signal(signal.SIGTERM, old)
    assert not caught
