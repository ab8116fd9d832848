"""Where this process runs: in a task of the engine, in a simulation, or in neither."""

from __future__ import annotations

import os
import sys

TASK = "task"
SIMULATION = "simulation"
NOWHERE = "nowhere"

_has_told = False


def where() -> str:
    """``task``, ``simulation`` or ``nowhere``, as the environment says now."""
    environ = os.environ
    if environ.get("HFAI_SIMULATE") == "1":
        return SIMULATION
    return TASK if environ.get("HFAI_CONTROL") else NOWHERE


def tell(what: str) -> None:
    """Say once per process, on standard error, that there is no task."""
    global _has_told
    if not _has_told:
        _has_told = True
        print(f"hfai: {what}: this process is not part of a task, nothing is done", file=sys.stderr, flush=True)
