"""Task names for Tab, from the caches that engine and client keep (docs/architecture.md): no request, no wait."""

# pathlib takes longer than a Tab may.
# ruff: noqa: PTH110, PTH111, PTH112, PTH118, PTH123, PTH208

from __future__ import annotations

import os
from typing import Any

_LARGEST_BYTES = 1 << 20


def all_names(prefix: str, **_: Any) -> list[str]:
    """Every task; ids where digits were typed."""
    return _names(prefix, ("waiting_init", "running", "suspended", "finished"))


def unfinished_names(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    """Tasks that have not ended and are not on the line yet: what ``stop`` is for."""
    typed = getattr(parsed_args, "experiment", None) or ()
    return [name for name in _names(prefix, ("waiting_init", "running", "suspended")) if name not in typed]


def running_names(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    """Tasks that run and are not on the line yet: what ``suspend`` is for."""
    typed = getattr(parsed_args, "experiment", None) or ()
    return [name for name in _names(prefix, ("running",)) if name not in typed]


def log_names(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    """Every task, but only running ones behind ``-f`` (tutorial, use case 2)."""
    if getattr(parsed_args, "follow", False):
        return _names(prefix, ("running",))
    return all_names(prefix)


def context_names(prefix: str = "", **_: Any) -> list[str]:
    """Every context: what ``context use`` is for."""
    return [name for name in ("local", *_contexts()) if name.startswith(prefix)]


def removable_contexts(prefix: str, **_: Any) -> list[str]:
    """Those that are in the configuration."""
    return [name for name in _contexts() if name.startswith(prefix)]


def environment_names(prefix: str, **_: Any) -> list[str]:
    """The environments of haienv, from the lists beside the registries."""
    found: dict[str, None] = {}
    for path in _environment_lists().values():
        with open(path, encoding="utf-8", errors="replace") as stream:
            found.update((name, None) for name in stream.read(_LARGEST_BYTES).splitlines() if name.startswith(prefix))
    return list(found)


def owner_names(prefix: str, **_: Any) -> list[str]:
    """Who has environments."""
    return [owner for owner in _environment_lists() if owner.startswith(prefix)]


def _environment_lists() -> dict[str, str]:
    """For each owner the file with the names."""
    home = os.environ.get("HFAI_HOME") or os.path.expanduser("~/.hai")
    root = os.path.expanduser(os.environ.get("HFAI_ENVS_DIR") or os.path.join(home, "envs"))
    owners = sorted(os.listdir(root)) if os.path.isdir(root) else []
    paths = {owner: os.path.join(root, owner, "names") for owner in owners}
    return {owner: path for owner, path in paths.items() if os.access(path, os.R_OK)}


def _contexts() -> list[str]:
    """The names in the configuration, found by its indentation: reading it as YAML would take longer than a Tab may."""
    home = os.environ.get("HFAI_HOME") or os.path.expanduser("~/.hai")
    path = os.path.expanduser(os.environ.get("HFAI_CLIENT_CONFIG") or os.path.join(home, "conf.yaml"))
    if not os.path.exists(path):
        return []
    found: list[str] = []
    is_inside, indent, has_flat = False, 0, False
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream.read(_LARGEST_BYTES).splitlines():
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            depth = len(line) - len(line.lstrip(" "))
            key = text.partition(":")[0].strip("'\"")
            if depth == 0:
                is_inside, indent = key == "contexts", 0
                has_flat = has_flat or key in ("url", "token")
            elif is_inside and depth == (indent := indent or depth):
                found.append(key)
    return found if "default" in found or not has_flat else ["default", *found]


def cached_lines(kind: str) -> list[str]:
    """The lines of the caches ``names`` or ``places``: the engine's own, and what the client has seen on other platforms."""
    home = os.environ.get("HFAI_HOME") or os.path.expanduser("~/.hai")
    own = os.path.join(os.environ.get("HFAI_ENGINE_DIR") or os.path.join(home, "engine"), kind)
    cache = os.path.join(home, "cache")
    others = os.listdir(cache) if os.path.isdir(cache) else []
    found: list[str] = []
    for path in (own, *(os.path.join(cache, name) for name in others if name.endswith(f".{kind}"))):
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                found += stream.read(_LARGEST_BYTES).splitlines()
    return found


def _names(prefix: str, statuses: tuple[str, ...]) -> list[str]:
    found: dict[str, None] = {}
    for line in cached_lines("names"):
        run_id, _, rest = line.partition("\t")
        name, _, status = rest.rpartition("\t")
        if status not in statuses:
            continue
        if name.startswith(prefix):
            found[name] = None
        if prefix.isdigit() and run_id.startswith(prefix):
            found[run_id] = None
    return list(found)
