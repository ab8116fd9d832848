"""``whole.json``: what makes a folder of files a checkpoint, written last and by one process.

A folder without it is a save that was cut short. With it, every file is listed by size and SHA-256, so that a file that
lost its end or changed on the disk is noticed before anything in it is read::

    {"format": 1, "step": 120, "parts": 2, "files": [{"name": "part-0-of-2-9f...pt", "bytes": 4096, "sha256": "..."}]}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterable, Optional

from hfai.client.checkpoint._durable import replace_durably, sha256_of

NAME = "whole.json"
FORMAT = 1


@dataclass(frozen=True)
class FileMark:
    """One file: its name inside the folder, its size, its digest (empty: only the size is compared)."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, name: str, *, checksum: bool) -> FileMark:
        return cls(name, path.stat().st_size, sha256_of(path) if checksum else "")

    def difference(self, folder: Path) -> Optional[str]:
        """What is wrong with the file as it is now, in words; None if nothing is."""
        path = folder / self.name
        try:
            size = path.stat().st_size
            if size != self.bytes:
                return f"{self.name} has {size} bytes instead of {self.bytes}"
            if self.sha256 and sha256_of(path) != self.sha256:
                return f"{self.name} is not what was written (SHA-256)"
        except FileNotFoundError:
            return f"{self.name} is missing"
        return None


@dataclass(frozen=True)
class Manifest:
    """The files of a whole checkpoint; ``parts`` is the number of ranks that wrote one each."""

    step: int
    parts: int
    files: tuple[FileMark, ...]

    def write(self, folder: Path) -> None:
        """The commit: from here on ``folder`` is a checkpoint."""
        content = {"format": FORMAT, **asdict(self)}
        replace_durably(folder / NAME, json.dumps(content, indent=1).encode())

    def difference(self, folder: Path, files: Optional[Iterable[FileMark]] = None) -> Optional[str]:
        """The first thing that is wrong with ``files`` (all of them); None if the checkpoint is whole."""
        marks = self.files if files is None else files
        return next(filter(None, (mark.difference(folder) for mark in marks)), None)


def read_manifest(folder: Path) -> Optional[Manifest]:
    """The manifest of ``folder``; None without a readable one, which means that the save never ended."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        if content["format"] != FORMAT:
            return None
        files = tuple(FileMark(str(one["name"]), int(one["bytes"]), str(one["sha256"])) for one in content["files"])
        return Manifest(int(content["step"]), int(content["parts"]), files)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
