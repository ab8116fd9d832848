"""Task names for Tab, from the cache that the engine keeps (docs/architecture.md, files on disk): no request, no wait."""

from __future__ import annotations

import os
from typing import Any

_LARGEST_BYTES = 1 << 20


def all_names(prefix: str, **_: Any) -> list[str]:
    """Every task; ids where digits were typed."""
    return _names(prefix, ("waiting_init", "running", "suspended", "finished"))


def unfinished_names(prefix: str, **_: Any) -> list[str]:
    """Tasks that have not ended: what ``stop`` is for."""
    return _names(prefix, ("waiting_init", "running", "suspended"))


def log_names(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    """Every task, but only running ones behind ``-f`` (tutorial, use case 2)."""
    if getattr(parsed_args, "follow", False):
        return _names(prefix, ("running",))
    return all_names(prefix)


def names_file() -> str:
    """Where the engine of this user keeps the cache."""
    home = os.environ.get("HFAI_HOME") or os.path.expanduser("~/.hai")
    return os.path.join(os.environ.get("HFAI_ENGINE_DIR") or os.path.join(home, "engine"), "names")


def _names(prefix: str, statuses: tuple[str, ...]) -> list[str]:
    with open(names_file(), encoding="utf-8", errors="surrogateescape") as stream:  # noqa: PTH123 - pathlib is slow
        lines = stream.read(_LARGEST_BYTES).splitlines()
    found: dict[str, None] = {}
    for line in lines:
        run_id, _, rest = line.partition("\t")
        name, _, status = rest.rpartition("\t")
        if status in statuses:
            if name.startswith(prefix):
                found[name] = None
            if prefix.isdigit() and run_id.startswith(prefix):
                found[run_id] = None
    return list(found)
