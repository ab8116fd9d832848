"""What the client says by itself on standard error, and how a program replaces it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable

from hfai.client._places import shown

EngineStartHook = Callable[[Path], None]
VersionHook = Callable[[str, str], None]
ProcessHook = Callable[[int], None]


def _say_started(state_dir: Path) -> None:
    print(f"hfai: started the engine (state in {shown(state_dir)})", file=sys.stderr, flush=True)


def _say_versions(engine_version: str, client_version: str) -> None:
    print(f"hfai: the engine is hfai {engine_version}, this is hfai {client_version}", file=sys.stderr, flush=True)


def _say_silent(pid: int) -> None:
    print(f"hfai: the engine (process {pid}) does not answer; still waiting", file=sys.stderr, flush=True)


def _say_killed(pid: int) -> None:
    print(f"hfai: the engine (process {pid}) did not answer and was killed", file=sys.stderr, flush=True)


_on_engine_start: EngineStartHook = _say_started
_on_other_version: VersionHook = _say_versions
_on_engine_silent: ProcessHook = _say_silent
_on_engine_killed: ProcessHook = _say_killed
_told_versions: set[str] = set()
_told_silent: set[int] = set()


def on_engine_start(hook: EngineStartHook) -> None:
    """Have ``hook`` called with the state directory, instead of a line on standard error, when an engine was started."""
    global _on_engine_start
    _on_engine_start = hook


def on_other_version(hook: VersionHook) -> None:
    """Have ``hook`` called with both versions when the engine's is another than this client's; once per version."""
    global _on_other_version
    _on_other_version = hook


def on_engine_silent(hook: ProcessHook) -> None:
    """Have ``hook`` called with the engine's process id when it has not answered anything for three seconds; once per process."""
    global _on_engine_silent
    _on_engine_silent = hook


def on_engine_killed(hook: ProcessHook) -> None:
    """Have ``hook`` called with the engine's process id when it was to end, did not answer and was killed."""
    global _on_engine_killed
    _on_engine_killed = hook


def engine_started(state_dir: Path) -> None:
    """An engine was started by this process."""
    _on_engine_start(state_dir)


def other_version(engine_version: str, client_version: str) -> None:
    """The engine is of another version, which it is still possible to talk to."""
    if engine_version not in _told_versions:
        _told_versions.add(engine_version)
        _on_other_version(engine_version, client_version)


def engine_silent(pid: int) -> None:
    """The engine does not answer, and is waited for."""
    if pid not in _told_silent:
        _told_silent.add(pid)
        _on_engine_silent(pid)


def engine_killed(pid: int) -> None:
    """An engine that hung was killed."""
    _on_engine_killed(pid)
