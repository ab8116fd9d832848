"""A push without options: the end of one that has nothing to push, before what the others need is loaded."""

from __future__ import annotations

import sys

from hfai.cli.language import tr

TYPE_CHECKING = False  # see hfai.cli.language
if TYPE_CHECKING:
    from typing import Optional


def run_plain() -> Optional[int]:
    """The exit status of a ``workspace push`` without options; None, and nothing is done, where anything is not as nearly always."""
    from hfai.client._workspace.still import look_here

    seen = look_here()
    if seen is None:
        return None
    _, look, _ = seen
    if look.files is None:
        from hfai.cli.workspace.pushing import run_seen

        return run_seen(seen)
    look.memory.close()
    sys.stdout.write(f"{untouched_line(look.memory.name, look.files)}\n")
    return 0


def untouched_line(name: str, files: int) -> str:
    """Says that nothing had to be pushed."""
    return tr("workspace {name}: nothing to push, none of its files ({files}) has changed", name=name, files=files)
