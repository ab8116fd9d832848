"""What Tab offers for a remote server; the embedded engine writes its own files of the same form.

``names``: a line ``id<TAB>name<TAB>chain_status`` per chain, newest first, at most 500; ``places``: a line
``node<TAB>group`` per node (docs/architecture.md).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Iterable

from hfai.client._experiment import Experiment
from hfai.client._places import names_file
from hfai.client._session import Session

_MOST = 500


def note(session: Session, experiments: Iterable[Experiment]) -> None:
    """Remember tasks that a remote server has told of. A cache: what cannot be written is no error."""
    if session.is_embedded:
        return
    with contextlib.suppress(OSError, ValueError):
        _merge(names_file(session.settings.context), experiments)


def note_places(session: Session, places: Iterable[tuple[str, str]]) -> None:
    """Remember the nodes of a remote server, each with its group."""
    if session.is_embedded:
        return
    with contextlib.suppress(OSError, ValueError):
        _replace(names_file(session.settings.context).with_suffix(".places"), [f"{node}\t{group}" for node, group in places])


def _merge(path: Path, experiments: Iterable[Experiment]) -> None:
    lines: dict[int, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_text(encoding="utf-8").splitlines():
            lines[int(line.partition("\t")[0])] = line
    old = dict(lines)
    for task in experiments:
        for run_id in task.id_list:
            lines.pop(run_id, None)
        status = task.chain_status or "waiting_init"  # HAI Platform says nothing at creation
        lines[task.id] = f"{task.id}\t{task.nb_name}\t{status}"
    if lines == old:
        return
    newest = [lines[run_id] for run_id in sorted(lines, reverse=True)[:_MOST]]
    _replace(path, newest)


def _replace(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink()
        raise
