"""How an environment is entered in the shell that has called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hfai.cli.completion.shells import is_fish_told
from hfai.cli.language import tr


def how_to_enter(name: str) -> str:
    """What to type; fish has to be told about ``source haienv`` first."""
    command = f"source haienv {name}"
    if not _is_called_by_fish() or is_fish_told():
        return command
    return tr(
        "source (command -s haienv) {name}, or in a new fish after `hai-cli completion install fish`: {command}",
        name=name,
        command=command,
    )


def _is_called_by_fish() -> bool:
    try:
        caller = Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        asked = ["ps", "-o", "comm=", "-p", str(os.getppid())]
        try:
            caller = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5).stdout
        except (OSError, subprocess.TimeoutExpired):
            return False
    return Path(caller.strip()).name.lstrip("-") == "fish"
