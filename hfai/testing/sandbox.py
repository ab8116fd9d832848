"""A real engine in a temporary directory, for tests: ours and users'.

It starts the daemon as a process of its own on a free port, can kill and restart it, and at the end makes sure that
nothing of it is left: no daemon, no launcher, no supervisor, no task.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping, Optional, Sequence

from hfai.engine.users import unix_name_of
from hfai.model.errors import EngineStartError, from_wire
from hfai.testing import processes
from hfai.testing.sandbox_user import SandboxUser, ask

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0
# Processes that were killed may take a moment to be gone.
SETTLE_S = 5.0
# Variables that would make a task, a client or an engine believe that it belongs to another platform.
_FOREIGN_PREFIXES = ("HFAI_", "MARSV2_", "HAI_")


class LeftOver(AssertionError):
    """Processes were left after an orderly end; the message lists them. They have been killed."""


class EngineSandbox:
    """An engine with its own state directory, as a context manager.

    Args:
        config: what goes into ``engine.yaml``. Unless it says otherwise ``precheck`` is off: a log holds what the task wrote, and
            nothing else.
        directory: where to put everything; left out, a temporary directory that is removed at the end.
        start: whether entering starts the daemon; otherwise call :meth:`start`.
        environ: variables on top of this process's for the daemon and :attr:`env`.

    Attributes:
        home: the ``HFAI_HOME`` of this engine.
        state_dir: its state directory.
        env: the whole environment for a subprocess that is to use this engine (the CLI, a script with the SDK).
        process: the daemon, None before the start.

    Example:
        >>> with EngineSandbox({"nodes": 2}) as sandbox:  # doctest: +SKIP
        ...     sandbox.post("query/user/info")["result"]["user_name"]
    """

    def __init__(
        self,
        config: Optional[Mapping[str, Any]] = None,
        *,
        directory: Optional[Path] = None,
        start: bool = True,
        environ: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._owns_directory = directory is None
        self.directory = Path(tempfile.mkdtemp(prefix="hfai-sandbox-")) if directory is None else Path(directory)
        self.home = self.directory / "home"
        self.state_dir = self.home / "engine"
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN_PREFIXES)}
        self.env.update(HFAI_HOME=str(self.home), HFAI_ENGINE_DIR=str(self.state_dir))
        self.env.update(environ or {})
        self.process: Optional[subprocess.Popen[bytes]] = None
        self._start_on_enter = start
        self._ready: dict[str, Any] = {}
        self.configure(config or {})

    def __enter__(self) -> EngineSandbox:
        if self._start_on_enter:
            try:
                self.start()
            except BaseException:
                self.close()
                raise
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            self.close()
        except LeftOver:
            if error is None:
                raise

    @property
    def url(self) -> str:
        """Where the daemon listens, ``http://127.0.0.1:PORT``."""
        return str(self._ready["url"])

    @property
    def token(self) -> str:
        """The token of the single user."""
        return (self.state_dir / "token").read_text().strip()

    @property
    def pid(self) -> int:
        """Process id of the daemon."""
        assert self.process is not None, "the daemon has not been started"
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether the daemon's process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """The daemon's own log so far."""
        path = self.state_dir / "engine.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def configure(self, config: Mapping[str, Any]) -> None:
        """Replace ``engine.yaml``; it counts from the next start on."""
        (self.state_dir / "engine.yaml").write_text(json.dumps({"precheck": "off", **config}))  # JSON is YAML

    def start(self) -> None:
        """Start the daemon and wait until it serves.

        Raises:
            HfaiError: it refused to start, with its own reason.
            EngineStartError: it ended or said nothing within 30 seconds.
        """
        assert not self.is_running, "the daemon is running"
        ours, theirs = os.pipe()
        try:
            with (self.directory / "daemon.out").open("ab") as out:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "hfai.engine", "--state", str(self.state_dir), "--ready-fd", str(theirs)],
                    env=self.env,
                    pass_fds=(theirs,),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    cwd=self.directory,
                )
        finally:
            os.close(theirs)
        try:
            line = _read_line(ours, START_DEADLINE_S)
        finally:
            os.close(ours)
        ready = json.loads(line) if line else {}
        if not ready.get("ready"):
            self.kill()
            if "error" in ready:
                raise from_wire(ready["error"])
            said = (self.directory / "daemon.out").read_text(errors="replace")
            raise EngineStartError(reason=f"no answer; it said: {said}\n{self.log}")
        self._ready = ready

    def kill(self) -> None:
        """Kill the daemon with SIGKILL; its tasks go on. Does nothing if it is not running."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> int:
        """End the daemon with SIGTERM, tasks go on; returns its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_DEADLINE_S)

    def restart(self) -> None:
        """Kill the daemon if it runs, and start it again."""
        self.kill()
        self.start()

    def stop(self) -> int:
        """Ask the daemon to stop its tasks and to end; waits for it and returns its exit status."""
        self.post("operating/engine/shutdown", stop_tasks=1)
        assert self.process is not None
        return self.process.wait(STOP_DEADLINE_S)

    def post(self, route: str, body: Any = None, /, **query: Any) -> dict[str, Any]:
        """POST to the engine and return its answer, refusals included; lists in ``query`` become repeated arguments."""
        return self.request(route, body, **query)[1]

    def request(self, route: str, body: Any = None, /, **query: Any) -> tuple[int, dict[str, Any]]:
        """As :meth:`post`, with the HTTP status in front."""
        return ask(self.url, self.token, route, body, query)

    def add_user(self, name: str, *, role: str = "user", groups: Sequence[str] = ()) -> SandboxUser:
        """Add a user of this engine whose tasks run under the account of this process."""
        unix_name = unix_name_of(os.getuid())
        answer = self.post(
            "operating/platform/user/add", user_name=name, role=role, group=list(groups), unix_name=unix_name
        )
        assert answer["success"] == 1, answer
        return SandboxUser(name, answer["result"]["token"]["access_token"], self)

    def left_over(self) -> list[processes.Found]:
        """Processes of this engine that are there now: daemon, launcher, supervisors, tasks."""
        engine_ids = [str(self._ready["engine_id"])] if "engine_id" in self._ready else []
        return processes.of_engine(self.state_dir, engine_ids)

    def close(self) -> None:
        """Stop tasks and daemon, make sure that nothing is left, remove the directory. May be called twice.

        Raises:
            LeftOver: the engine had ended in order, and yet a process was there 5 seconds later.
        """
        orderly = False
        if self.is_running:
            with contextlib.suppress(OSError, ValueError, KeyError, subprocess.TimeoutExpired):
                orderly = self.stop() == 0
        self.kill()
        deadline = time.monotonic() + (SETTLE_S if orderly else 0.0)
        while (found := self.left_over()) and time.monotonic() < deadline:
            time.sleep(0.02)
        told = "\n".join(str(process) for process in found)
        deadline = time.monotonic() + STOP_DEADLINE_S
        while (left := self.left_over()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.02)
        if self._owns_directory:
            shutil.rmtree(self.directory, ignore_errors=True)
        if found and orderly:
            raise LeftOver(f"left after an orderly end of the engine:\n{told}")


def _read_line(fd: int, deadline_s: float) -> bytes:
    """One line from a pipe; what there is at its end or at the deadline."""
    deadline = time.monotonic() + deadline_s
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(fd, 65536) if ready else b""
        if not chunk:
            break
        line += chunk
    return line
