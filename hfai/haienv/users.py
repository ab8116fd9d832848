"""Who uses an environment: running tasks of this machine, and the environments that extend it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from hfai.haienv.registry import Environment, everybodys

_TRIES, _PAUSE_S = 5, 0.002


def extending(one: Environment) -> list[Environment]:
    """The environments that see an environment's packages behind their own, directly or through another."""
    found: list[Environment] = []
    known, places = everybodys(), {one.path}
    while more := [each for each in known if each.base in places and each not in found]:
        found += more
        places = {each.path for each in more}
    return found


def tasks_using(*paths: str) -> list[str]:
    """The names of tasks whose processes run in an environment at one of the paths; of those that this account may look at."""
    found: dict[str, None] = {}
    wanted = {os.fsencode(path) for path in paths}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        environ = _environ(Path(entry.path))
        places = {environ.get(b"VIRTUAL_ENV"), environ.get(b"CONDA_PREFIX")}
        if b"HFAI_RUN" in environ and wanted & places:
            found[os.fsdecode(environ.get(b"MARSV2_NB_NAME", environ[b"HFAI_RUN"]))] = None
    return sorted(found)


def _environ(process: Path) -> dict[bytes, bytes]:
    """The variables of a process; empty for one that may not be looked at."""
    words, tries = b"", _TRIES
    with contextlib.suppress(OSError):
        # One that becomes another program has none for a moment.
        while not words and tries:
            words, tries = (process / "environ").read_bytes(), tries - 1
            (process / "exe").readlink()  # of the kernel's own processes there is no program, nor are there variables
            if not words:
                time.sleep(_PAUSE_S)
    return dict(word.partition(b"=")[::2] for word in words.split(b"\0"))
