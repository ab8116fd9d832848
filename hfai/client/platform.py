"""The embedded engine itself: start it, end it, ask how it is. ``hai-cli platform`` prints what this returns.

Every other call of the SDK starts the engine by itself where it is needed; these are for people who want to see it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple, Optional

from hfai.client import _session
from hfai.client._children import reap
from hfai.client._config import Settings, load_settings
from hfai.client._endpoint import Endpoint, is_alive
from hfai.client._engine import find_engine, kill_engine
from hfai.client._hooks import engine_killed, on_engine_killed, on_engine_silent, on_engine_start, on_other_version
from hfai.client._places import engine_dir
from hfai.model.errors import UnreachableError

__all__ = [
    "EngineStatus",
    "configured",
    "engine_down",
    "engine_log",
    "engine_status",
    "engine_up",
    "on_engine_killed",
    "on_engine_silent",
    "on_engine_start",
    "on_other_version",
]

_STOP_TASKS_S = 120.0
# One that hangs is waited for 10 seconds in all, three of which go by before it is said.
_ANSWER_S = 7.0
_LOOK_AGAIN_S = 0.02


class EngineStatus(NamedTuple):
    """A running engine.

    Attributes:
        version: of hfai.
        protocol: what it speaks.
        pid: process id of the daemon.
        url: where it listens.
        state_dir: where its state is.
        engine_id: its name for itself.
        started_at: since when, in seconds since the epoch.
        nodes: number of nodes.
        queued: runs that wait.
        scheduled: runs that have their nodes.
    """

    version: str
    protocol: int
    pid: int
    url: str
    state_dir: str
    engine_id: str
    started_at: float
    nodes: int
    queued: int
    scheduled: int


def engine_up() -> EngineStatus:
    """Start the embedded engine unless it runs; how it is then.

    Raises:
        EngineStartError: it could not be started; the reason is the engine's own where it has one.
        UnreachableError: it runs and has not answered for 10 seconds.

    Blocks until it serves, 30 seconds at most. May be called twice and by many at once: one engine runs.

    Example:
        >>> engine_up().url  # doctest: +SKIP
        'http://127.0.0.1:40123'
    """
    return _status(_session.embedded(may_start=True, any_protocol=True))


def engine_status() -> Optional[EngineStatus]:
    """How the embedded engine is, None if it does not run; starts nothing.

    An engine of another version is shown as well.

    Raises:
        UnreachableError: it runs and has not answered for 10 seconds.
    """
    known_dead: Optional[Endpoint] = None
    while (endpoint := find_engine(engine_dir(), known_dead=known_dead)) is not None:
        try:
            return _status(_session.embedded(may_start=False, any_protocol=True))
        except UnreachableError:
            if _runs(endpoint):
                raise
            known_dead = endpoint  # killed while it was asked; another may have been started since
    return None


def engine_down(stop_tasks: bool = False, timeout_s: float = 30.0) -> bool:
    """End the embedded engine; its tasks go on, and the next command starts it again.

    One that has not answered for 10 seconds, or not ended after ``timeout_s``, hangs: it is killed, which does its tasks no harm.

    Args:
        stop_tasks: stop the tasks first; of one that hangs, by the next engine.
        timeout_s: seconds to wait for its end, 120 more with ``stop_tasks``.

    Returns:
        False if none was running.

    Raises:
        UnreachableError: with ``stop_tasks`` it has not ended in time, or not even killing has ended it.
        EngineStartError: with ``stop_tasks``, the next engine could not be started.

    Blocks until the daemon's process has ended. May be called twice.
    """
    endpoint = find_engine(engine_dir())
    if endpoint is None:
        return False
    deadline = time.monotonic() + timeout_s + (_STOP_TASKS_S if stop_tasks else 0.0)
    session = _session.embedded(may_start=False, any_protocol=True)
    query = {"stop_tasks": "1" if stop_tasks else "0"}
    try:
        session.post("operating/engine/shutdown", query, timeout_s=_ANSWER_S, is_repeatable=False)
    except UnreachableError as error:
        if error.data.get("is_timeout") and _kill(endpoint):
            if stop_tasks:
                engine_up()
                engine_down(stop_tasks=True, timeout_s=timeout_s)
            return True
        if _runs(endpoint) and find_engine(engine_dir()) is not None:
            raise
    finally:
        session.close()
    while _runs(endpoint):
        if time.monotonic() > deadline:
            if not stop_tasks and _kill(endpoint):
                break
            reason = f"process {endpoint.pid} has not ended within {timeout_s:g} s"
            raise UnreachableError(url=endpoint.url, reason=reason)
        time.sleep(_LOOK_AGAIN_S)
    return True


def _kill(endpoint: Endpoint) -> bool:
    """Kill an engine that hangs; False if it does not run any more."""
    if not kill_engine(engine_dir(), endpoint.pid):
        return False
    engine_killed(endpoint.pid)
    return True


def engine_log() -> Path:
    """The engine's own log; it need not be there."""
    return engine_dir() / "engine.log"


def configured() -> Settings:
    """Which server the configuration names; ``url`` is None for the embedded engine.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    return load_settings()


def _status(session: _session.Session) -> EngineStatus:
    try:
        body = session.post("query/engine/info", timeout_s=_ANSWER_S)["result"]
    finally:
        session.close()
    return EngineStatus(*(body[name] for name in EngineStatus._fields))


def _runs(endpoint: Endpoint) -> bool:
    """Whether the daemon's process is there; a zombie of somebody else's is not."""
    reap()
    if not is_alive(endpoint):
        return False
    try:
        state = Path(f"/proc/{endpoint.pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return os.name == "posix" and not Path("/proc/self").exists()
    return state not in ("Z", "X")
