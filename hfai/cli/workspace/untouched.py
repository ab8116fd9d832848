"""The end of a push that has nothing to push, before what a push needs is loaded."""

from __future__ import annotations

import sys

from hfai.cli.language import tr

TYPE_CHECKING = False  # see hfai.cli.language
if TYPE_CHECKING:
    from typing import Optional


def run_untouched() -> Optional[int]:
    """The exit status of a ``workspace push`` without options that finds nothing to push; None if it has to be looked closer."""
    from hfai.client._workspace.still import untouched_here

    found = untouched_here()
    if found is None:
        return None
    sys.stdout.write(f"{untouched_line(*found)}\n")
    return 0


def untouched_line(name: str, files: int) -> str:
    """Says that nothing had to be pushed."""
    return tr("workspace {name}: nothing to push, none of its files ({files}) has changed", name=name, files=files)
