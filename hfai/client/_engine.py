"""Finding the embedded engine, and starting it where there is none.

The engine is started as a program of its own and never imported: it outlives the client, and the client does not pay
for loading it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional

from hfai.client import _hooks
from hfai.client._children import keep, reap
from hfai.client._endpoint import Endpoint, holder_of_engine_lock, is_alive, read_endpoint
from hfai.model.env import VARIABLES
from hfai.model.errors import EngineStartError, UnreachableError, from_wire
from hfai.model.phrase import Phrase, system_error

if TYPE_CHECKING:
    from hfai.client._detached import DetachedProcess

START_DEADLINE_S = 30.0
_STARTS = 3
# One that has closed its pipe without a word is on its way out.
_END_S = 2.0
_LOOK_AGAIN_S = 0.02
# What the engine needs and the SDK does not.
_ENGINE_PACKAGES = ("starlette", "uvicorn")


def find_engine(state_dir: Path, *, known_dead: Optional[Endpoint] = None) -> Optional[Endpoint]:
    """The running engine of a state directory, None if there is none; starts nothing.

    Args:
        state_dir: the state directory.
        known_dead: an endpoint that has refused a connection and does not count.
    """
    reap()
    endpoint = read_endpoint(state_dir)
    if endpoint is None or endpoint == known_dead or not is_alive(endpoint):
        return None
    return endpoint


def find_or_start_engine(state_dir: Path, *, known_dead: Optional[Endpoint] = None) -> Endpoint:
    """The running engine of a state directory; started if need be, with a line on standard error.

    However many clients call this at once, one engine is started and all of them get it.

    Args:
        state_dir: the state directory; made if need be.
        known_dead: an endpoint that has refused a connection and does not count.

    Raises:
        HfaiError: the engine refused to start, with its own reason.
        EngineStartError: it could not be started, or did not answer within 30 seconds.

    Blocks until the engine serves: half a second as a rule.
    """
    endpoint = find_engine(state_dir, known_dead=known_dead)
    if endpoint is not None:
        return endpoint
    deadline = time.monotonic() + START_DEADLINE_S
    with _start_lock(state_dir, deadline):
        while True:
            holder = holder_of_engine_lock(state_dir)
            if holder is None:
                break  # whatever endpoint.json says, nobody runs
            endpoint = find_engine(state_dir, known_dead=known_dead)
            if endpoint is not None:
                return endpoint
            if time.monotonic() > deadline:
                reason = Phrase(
                    "process {pid} runs the engine in {path} and does not answer: if it hangs, `kill -9 {pid}` ends it, and tasks go on",
                    pid=holder,
                    path=str(state_dir),
                )
                raise EngineStartError(reason=reason)
            time.sleep(_LOOK_AGAIN_S)  # it is starting, or on its way out
        for attempt in range(1, _STARTS + 1):
            endpoint = _start(state_dir, deadline, is_last=attempt == _STARTS)
            if endpoint is not None:
                break
        assert endpoint is not None, "the last attempt returns or raises"
    _hooks.engine_started(state_dir)
    return endpoint


def kill_engine(state_dir: Path, pid: int) -> bool:
    """End an engine that does not answer; its tasks go on, and the next one takes them up.

    Returns:
        False if that process does not run the engine, or no longer: nothing was killed.

    Raises:
        EngineStartError: other clients have been starting engines there for 30 seconds.
        UnreachableError: not even that has ended it.

    Blocks until it is gone.
    """
    deadline = time.monotonic() + START_DEADLINE_S
    with _start_lock(state_dir, deadline):
        if holder_of_engine_lock(state_dir) != str(pid):
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        while holder_of_engine_lock(state_dir) == str(pid):
            if time.monotonic() > deadline:
                raise UnreachableError("process {pid}, the engine on this machine, cannot be killed: see what it waits for", pid=pid)
            reap()
            time.sleep(_LOOK_AGAIN_S)
    return True


@contextlib.contextmanager
def _start_lock(state_dir: Path, deadline: float) -> Iterator[None]:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(state_dir / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = system_error(error)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = Phrase("{reason}; HFAI_HOME may name another directory for it", reason=reason)
        raise EngineStartError(reason=reason) from None
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    reason = Phrase("another client has been starting it in {path}", path=str(state_dir))
                    raise EngineStartError(reason=reason) from None
                time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(fd)


def _start(state_dir: Path, deadline: float, *, is_last: bool) -> Optional[Endpoint]:
    """Start it once; None where it was killed meanwhile and this is not the last attempt."""
    from importlib.util import find_spec

    from hfai.client._detached import DetachedProcess  # as a rule it runs already

    missing = [name for name in _ENGINE_PACKAGES if find_spec(name) is None]
    if missing:
        reason = Phrase("{packages} not installed: run `pip install 'hfai[engine]'`", packages=", ".join(missing))
        raise EngineStartError(reason=reason)
    ours, theirs = os.pipe()
    try:
        command = [sys.executable, "-m", "hfai.engine", "--state", str(state_dir), "--ready-fd", str(theirs)]
        process = DetachedProcess(command, _environment(), theirs)
    except OSError as error:
        os.close(ours)
        raise EngineStartError(reason=system_error(OSError(error.errno, error.strerror, sys.executable))) from None
    finally:
        os.close(theirs)
    try:
        line = _read_line(ours, deadline)
    finally:
        os.close(ours)
    return _endpoint_of(line, process, state_dir, is_last=is_last)


def _endpoint_of(line: bytes, process: DetachedProcess, state_dir: Path, *, is_last: bool) -> Optional[Endpoint]:
    try:
        ready = json.loads(line)
    except ValueError:
        ready = {}
    if "error" in ready:
        process.wait()
        raise from_wire(ready["error"])
    endpoint = read_endpoint(state_dir)
    if not ready.get("ready") or endpoint is None:
        status = process.ended(_END_S)
        if status == -signal.SIGKILL and not is_last:
            return None
        log = str(state_dir / "engine.log")
        reason = Phrase("it ended with {status}; its log is {path}", status=status, path=log)
        if status is None:
            reason = Phrase("it said nothing for too long; its log is {path}", path=log)
        raise EngineStartError(reason=reason)
    keep(process)
    return endpoint


def _read_line(fd: int, deadline: float) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        block = os.read(fd, 65536) if ready else b""
        if not block:
            break
        line += block
    return line


def _environment() -> dict[str, str]:
    """This process's environment without what would make the engine believe that it is a task."""
    of_tasks = {name for name, by, _ in VARIABLES if by in ("task", "guest", "simulation")}
    of_tasks |= {"MARSV2_SERVER", "MARSV2_USER_TOKEN"}
    return {name: value for name, value in os.environ.items() if name not in of_tasks}
