"""The folders of one training, ``step-000000000120`` and so on: which are there, which may go."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path
from typing import Container

from hfai.client.checkpoint import _manifest
from hfai.client.checkpoint._durable import sync_directory
from hfai.client.checkpoint._manifest import Manifest, read_manifest

_NAME = re.compile(r"step-(\d+)")


def folder_of(directory: Path, step: int) -> Path:
    return directory / f"step-{step:012d}"


def steps_in(directory: Path) -> list[int]:
    """All steps with a folder, whole or not, newest first."""
    try:
        names = [_NAME.fullmatch(path.name) for path in directory.iterdir()]
    except FileNotFoundError:
        return []
    return sorted({int(name[1]) for name in names if name}, reverse=True)


def committed_in(directory: Path) -> dict[int, Manifest]:
    """The steps whose save came to its end, newest first; their files are not looked at."""
    found = {step: read_manifest(folder_of(directory, step)) for step in steps_in(directory)}
    return {step: manifest for step, manifest in found.items() if manifest is not None}


def commit(directory: Path, folder: Path, manifest: Manifest) -> None:
    """Make ``folder`` a whole checkpoint: its files are on the disk already."""
    manifest.write(folder)
    sync_directory(directory)
    sync_directory(directory.parent)


def prune(directory: Path, *, saved: int, keep: int, broken: Container[int]) -> None:
    """Remove what the save of step ``saved`` has made superfluous: all but ``keep`` whole ones, and left-overs.

    Best effort: what cannot be removed now is tried again after the next save.
    """
    whole = [step for step in committed_in(directory) if step not in broken]
    kept = {saved, *whole[:keep]}
    for step in steps_in(directory):
        if step not in kept:
            remove(folder_of(directory, step))
    _remove_left_overs(folder_of(directory, saved))


def remove(folder: Path) -> None:
    """The manifest first: a checkpoint that is half removed is none."""
    with contextlib.suppress(OSError):
        (folder / _manifest.NAME).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_overs(folder: Path) -> None:
    """Parts of earlier attempts to save the same step."""
    manifest = read_manifest(folder)
    if manifest is None:
        return
    tops = {_manifest.NAME, *(mark.name.split("/")[0] for mark in manifest.files)}
    for path in folder.iterdir():
        if path.name not in tops:
            with contextlib.suppress(OSError):
                path.unlink()
