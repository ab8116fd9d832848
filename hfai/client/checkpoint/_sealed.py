"""Checkpoints that a framework writes by itself: listed and digested afterwards, so that only whole ones are resumed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Iterable, Optional

from hfai.client.checkpoint import _manifest, _steps
from hfai.client.checkpoint._agreement import on_first
from hfai.client.checkpoint._durable import sync_directory, sync_file
from hfai.client.checkpoint._manifest import FileMark, Manifest, read_manifest
from hfai.client.checkpoint._ranks import Ranks


def seal(ranks: Ranks, folder: Path, step: int, *, checksum: bool, prefix: str = "") -> None:
    """Rank 0 syncs and lists the files of ``folder`` whose name begins with ``prefix``; all ranks wait for it.

    Raises:
        OSError: the disk is full or a file has gone; HfaiError on the other ranks.
    """

    def act() -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and _belongs(path, folder, prefix))
        for path in files:
            sync_file(path)
        for inside in {path.parent for path in files}:
            sync_directory(inside)
        marks = tuple(FileMark.of(path, path.relative_to(folder).as_posix(), checksum=checksum) for path in files)
        _steps.commit(folder.parent, folder, Manifest(step, 1, marks))

    on_first(ranks, "saving", act)


def newest_whole(ranks: Ranks, folders: Iterable[Path]) -> Optional[Path]:
    """The first of ``folders`` that is whole, as rank 0 sees it; the others get the same answer."""
    found: list[Path] = []

    def act() -> None:
        for folder in folders:
            manifest = read_manifest(folder)
            if manifest is None:
                continue
            damage = manifest.difference(folder)
            if damage is None:
                found.append(folder)
                return
            warnings.warn(f"{folder} is damaged ({damage}): the one before it is taken", RuntimeWarning, stacklevel=5)

    on_first(ranks, "looking for a checkpoint", act)
    told = ranks.broadcast(str(found[0]).encode() if found else b"").decode()
    return Path(told) if told else None


def _belongs(path: Path, folder: Path, prefix: str) -> bool:
    top = path.relative_to(folder).parts[0]
    return top.startswith(prefix) and not top.startswith(".") and top != _manifest.NAME
