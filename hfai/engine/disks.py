"""The disks that the engine and its tasks write to, and how much of what is on them is the engine's own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Iterable, Mapping, Optional

from attrs import define, frozen

_BLOCK_BYTES = 512


@frozen
class Disk:
    """One file system.

    Attributes:
        mount: where it is mounted.
        device, kind: what is mounted there and its type; empty where the system does not say.
        size_bytes, used_bytes: as ``df`` counts.
        free_bytes: what users other than root may still fill.
        files, files_used: inodes; None where it has no fixed number of them.
        is_read_only: whether nothing can be written.
        holds: what of ours is on it, in words, with the path of each.
    """

    mount: str
    device: str
    kind: str
    size_bytes: int
    used_bytes: int
    free_bytes: int
    files: Optional[int]
    files_used: Optional[int]
    is_read_only: bool
    holds: tuple[tuple[str, str], ...]


def disks_of(places: Iterable[tuple[str, Path]]) -> list[Disk]:
    """The file systems of these places, each once, in their order; a place that is gone is on none.

    Args:
        places: what is there, in a word, and its path.
    """
    by_device: dict[int, list[tuple[str, str]]] = {}
    for word, path in places:
        try:
            by_device.setdefault(path.stat().st_dev, []).append((word, str(path)))
        except OSError:
            continue
    mounts = _mounts()
    return [_disk(holds, mounts) for holds in by_device.values()]


def _disk(holds: list[tuple[str, str]], mounts: Mapping[str, tuple[str, str]]) -> Disk:
    place = holds[0][1]
    found, mount = os.statvfs(place), _mount_of(place)
    device, kind = mounts.get(mount, ("", ""))
    return Disk(
        mount=mount,
        device=device,
        kind=kind,
        size_bytes=found.f_blocks * found.f_frsize,
        used_bytes=(found.f_blocks - found.f_bfree) * found.f_frsize,
        free_bytes=found.f_bavail * found.f_frsize,
        files=found.f_files or None,
        files_used=found.f_files - found.f_ffree if found.f_files else None,
        is_read_only=bool(found.f_flag & os.ST_RDONLY),
        holds=tuple(holds),
    )


def _mount_of(path: str) -> str:
    at = os.path.realpath(path)
    while not os.path.ismount(at):
        at = os.path.dirname(at)  # noqa: PTH120 - of a text, step by step
    return at


def _mounts() -> dict[str, tuple[str, str]]:
    """Device and type by mount point; the last one mounted there counts."""
    try:
        lines = Path("/proc/self/mounts").read_bytes().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        device, mount, kind, *_ = (_unescaped(word) for word in line.split(b" "))
        found[mount] = (device, kind)
    return found


def _unescaped(word: bytes) -> str:
    """The kernel writes blanks and backslashes as octal numbers."""
    text = word
    for number in (b"040", b"011", b"012", b"134"):
        text = text.replace(b"\\" + number, bytes([int(number, 8)]))
    return os.fsdecode(text)


@define
class StateUse:
    """What the state directory takes on its disk, in bytes.

    Attributes:
        logs_bytes: of the tasks.
        database_bytes: of the store, with what SQLite keeps beside it.
        other_bytes: the engine's own log, marks and control pages.
        files: how many files and directories.
        is_whole: False where there was no time to count all of it: then it is at least as much.
    """

    logs_bytes: int = 0
    database_bytes: int = 0
    other_bytes: int = 0
    files: int = 0
    is_whole: bool = True


def state_use(state_dir: Path, *, most_s: float) -> StateUse:
    """Walk the state directory; what disappears meanwhile is not counted.

    Args:
        state_dir: of the engine.
        most_s: seconds after which to stop.

    Blocks; for a thread.
    """
    use, deadline = StateUse(), time.monotonic() + most_s
    left = [str(state_dir)]
    while left:
        if time.monotonic() > deadline:
            use.is_whole = False
            break
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    _count(use, entry, left)
        except OSError:
            continue
    return use


def _count(use: StateUse, entry: os.DirEntry[str], left: list[str]) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return
    size = found.st_blocks * _BLOCK_BYTES
    use.files += 1
    if entry.is_dir(follow_symlinks=False):
        left.append(entry.path)
    name = entry.name
    if name.startswith("log.") and name[4:].isdecimal():
        use.logs_bytes += size
    elif name.startswith("engine.db"):
        use.database_bytes += size
    else:
        use.other_bytes += size
