"""A question on the terminal before something is done."""

from __future__ import annotations

import sys

from hfai.cli.language import tr
from hfai.cli.output import note


def can_ask() -> bool:
    """Whether there is somebody to ask."""
    return bool(sys.stdin and sys.stdin.isatty())


def is_agreed(question: str) -> bool:
    """Ask; only a clear yes is one. After anything else a line says that nothing was done."""
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if answer.strip().lower() in ("y", "yes"):
        return True
    note(tr("nothing was done") if answer else "\n" + tr("nothing was done"))
    return False
