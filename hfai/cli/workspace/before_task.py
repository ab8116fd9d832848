"""A submission from inside a workspace pushes first, and the task runs in what was pushed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_MARK = Path(".hfai", "workspace.json")


def pushed_place(place: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """The parts of ``spec`` that say where a task runs, on the platform's side if the directory here is in a workspace.

    Args:
        place: with ``workspace``, the directory here.
        options: with what ``add_pushing`` declares.
    """
    here = Path(place["workspace"])
    root = next((one for one in (here, *here.parents) if (one / _MARK).is_file()), None)
    if root is None:
        return place
    from hfai.cli.output import note
    from hfai.cli.workspace.pushing import note_largest, note_skipped, push_line, push_with_bar
    from hfai.cli.workspace.sync_options import pushing_of

    pushed = push_with_bar(root, **pushing_of(options))
    if not options.quiet:
        note(push_line(pushed))
        note_skipped(pushed.skipped)
        note_largest(pushed)
    there = Path(pushed.path, here.relative_to(root))
    entrypoint = place["entrypoint"]
    if Path(entrypoint).is_relative_to(root):  # a program of the workspace by its whole path
        entrypoint = str(Path(pushed.path, Path(entrypoint).relative_to(root)))
    return {**place, "workspace": str(there), "entrypoint": entrypoint}
