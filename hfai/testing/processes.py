"""Which processes of an engine are there: found in /proc by what their environment says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterable

from attrs import frozen


@frozen
class Found:
    """One process: its id and its command line."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid}: {self.command}"


def of_engine(state_dir: Path, engine_ids: Iterable[str]) -> list[Found]:
    """The processes whose environment names this state directory or that carry a mark of one of these engines.

    Zombies and this process are left out. A client that a test started with the engine's environment counts too.
    """
    marks = [b"\0HFAI_RUN=" + engine_id.encode() + b":" for engine_id in engine_ids]
    marks.append(b"\0HFAI_ENGINE_DIR=" + os.fsencode(state_dir) + b"\0")
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = b"\0" + (entry / "environ").read_bytes()
            if not any(mark in environ for mark in marks):
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        found.append(Found(pid=int(entry.name), command=command))
    return found
