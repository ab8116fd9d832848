"""Where the client's files are."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """hfai's own directory: ``HFAI_HOME``, by default ``~/.hai``."""
    return Path(os.environ.get("HFAI_HOME") or "~/.hai").expanduser()


def config_file() -> Path:
    """The configuration: ``HFAI_CLIENT_CONFIG``, by default ``conf.yaml`` in :func:`home`."""
    named = os.environ.get("HFAI_CLIENT_CONFIG")
    return Path(named).expanduser() if named else home() / "conf.yaml"


def engine_dir() -> Path:
    """The state directory of the embedded engine: ``HFAI_ENGINE_DIR``, by default ``engine`` in :func:`home`."""
    named = os.environ.get("HFAI_ENGINE_DIR")
    return (Path(named).expanduser() if named else home() / "engine").absolute()


def names_file(context: str) -> Path:
    """The completion cache of a remote context; the embedded engine keeps its own in its state directory."""
    safe = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in context)
    return home() / "cache" / f"{safe}.names"


def shown(path: Path) -> str:
    """A path as people write it, with ``~`` for their home directory."""
    text, own = str(path), str(Path.home())
    return "~" + text[len(own) :] if own != "/" and (text == own or text.startswith(own + "/")) else text
