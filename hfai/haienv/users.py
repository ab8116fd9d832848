"""Which running tasks of this machine use an environment."""

from __future__ import annotations

import os
from pathlib import Path


def tasks_using(path: str) -> list[str]:
    """The names of tasks whose processes run in the environment at a path; of those that this account may look at."""
    found: dict[str, None] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            words = Path(entry.path, "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        environ = dict(word.partition(b"=")[::2] for word in words)
        places = (environ.get(b"VIRTUAL_ENV"), environ.get(b"CONDA_PREFIX"))
        if b"HFAI_RUN" in environ and os.fsencode(path) in places:
            found[os.fsdecode(environ.get(b"MARSV2_NB_NAME", environ[b"HFAI_RUN"]))] = None
    return sorted(found)
