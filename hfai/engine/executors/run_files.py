"""The directory of a run: what its supervisors are told, and what they leave (docs/architecture.md)."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
import struct
from pathlib import Path
from typing import Any, Optional

from hfai.engine.executors.base import RankEnd
from hfai.engine.supervise import ask
from hfai.engine.system import write_atomic
from hfai.model import control
from hfai.model.phrase import gathered

FORMAT = 1
_DIRECTORIES = 1000


class RunFiles:
    """Where the files of runs are.

    Args:
        root: the directory ``runs`` of the state directory.
        engine_id: of the engine whose runs these are.
        open_root: where the runs of other accounts really are; a link in ``root`` leads there.
    """

    def __init__(self, root: Path, engine_id: str, open_root: Path) -> None:
        self._root = root
        self._engine_id = engine_id
        self._open_root = open_root

    def run_dir(self, run_id: int) -> Path:
        """The directory of a run, whether or not it is there."""
        return self._root / str(run_id // _DIRECTORIES) / str(run_id)

    def rank_dir(self, run_id: int, rank: int) -> Path:
        """The directory of a rank, whether or not it is there."""
        return self.run_dir(run_id) / str(rank)

    def open_dir(self, run_id: int) -> Path:
        """Where the directory of a run of another account really is: that account can enter it, and change nothing in it."""
        return self._open_root / self._engine_id / str(run_id // _DIRECTORIES) / str(run_id)

    def prepare(self, run_id: int, spec: dict[str, Any], *, is_open: bool = False) -> Path:
        """Make the directory of a run that has never been launched, with its ``spec.json``; returns it.

        Args:
            is_open: whether it is to be :meth:`open_dir`.

        Raises:
            OSError: it cannot be written.
        """
        path = self.run_dir(run_id)
        try:
            self._make(path, run_id, is_open=is_open)
        except FileNotFoundError:
            for directory in (self._root, path.parent):  # `parents=True` would ignore the mode
                directory.mkdir(mode=0o700, exist_ok=True)
            self._make(path, run_id, is_open=is_open)
        except FileExistsError:
            self._remove_foreign(path)
            if not path.is_dir():
                self._make(path, run_id, is_open=is_open)
        write_atomic(path / "spec.json", json.dumps(spec).encode("utf-8", "surrogateescape"))
        return path

    def _make(self, path: Path, run_id: int, *, is_open: bool) -> None:
        if not is_open:
            path.mkdir(mode=0o700)
            return
        there = self.open_dir(run_id)
        make_open_root(self._open_root)
        for directory in (there.parent.parent, there.parent, there):
            make_own(directory)
        path.symlink_to(there)

    def _remove_foreign(self, path: Path) -> None:
        """A database that was removed begins to count anew: what another engine left is not ours to adopt."""
        if path.is_symlink():
            # Where it leads to is named after its engine.
            if path.readlink() != self.open_dir(int(path.name)) or not path.exists():
                path.unlink()
            return
        try:
            owner = json.loads((path / "spec.json").read_bytes()).get("engine_id")
        except (OSError, ValueError, AttributeError):
            owner = None
        if owner not in (None, self._engine_id):
            shutil.rmtree(path)

    def end(self, run_id: int, rank: int) -> Optional[RankEnd]:
        """How a rank ended; None if it has left no end marker."""
        record = ask.read_end(str(self.rank_dir(run_id, rank)))
        if record is None:
            return None
        return RankEnd(
            rank=rank,
            outcome=str(record["outcome"]),
            ended_at=float(record["ended_at"]),
            exit_code=record["exit_code"],
            signal=record["signal"],
            asked=record["asked"],
            last_lines=tuple(record["last_lines"]),
            message=gathered("message", record),
            whole_life_state=int(record["whole_life_state"]),
            state_is_set=bool(record["state_is_set"]),
            can_suspend=self.can_suspend(run_id, rank),
            is_unfit=self.is_unfit(run_id, rank),
        )

    def whole_life_state(self, run_id: int, rank: int) -> Optional[int]:
        """What a rank without an end marker last set; None if it never did."""
        page = self._page(run_id, rank)
        if not page[control.STATE_IS_SET]:
            return None
        return int(struct.unpack_from("<q", page, control.WHOLE_LIFE_STATE)[0])

    def is_acknowledged(self, run_id: int, rank: int) -> bool:
        """Whether a rank has seen that it is to suspend."""
        return bool(self._page(run_id, rank)[control.ACKNOWLEDGED])

    def can_suspend(self, run_id: int, rank: int) -> bool:
        """Whether a rank has said ``go_suspend``."""
        return bool(self._page(run_id, rank)[control.CAN_SUSPEND])

    def is_unfit(self, run_id: int, rank: int) -> bool:
        """Whether a rank has found its node unfit."""
        return bool(self._page(run_id, rank)[control.IS_UNFIT])

    def _page(self, run_id: int, rank: int) -> bytes:
        """The control page, all zero where there is none."""
        try:
            # No more than a page: the task may have made it longer.
            with (self.rank_dir(run_id, rank) / "control").open("rb") as file:
                page = file.read(control.SIZE_BYTES)
        except OSError:
            page = b""
        is_whole = len(page) >= control.SIZE_BYTES and page.startswith(control.MAGIC)
        return page if is_whole else bytes(control.SIZE_BYTES)


def make_open_root(root: Path) -> None:
    """Make the directory ``task_dir`` of an engine of root, or see that nobody else can write to it.

    Raises:
        OSError: see :func:`make_own`.
    """
    if not root.exists():
        root.mkdir(parents=True)
        root.chmod(0o755)
    make_own(root)


def make_own(directory: Path) -> None:
    """Make a directory that everybody may go through and nobody else change, or see that it is one.

    Raises:
        OSError: it cannot be made, or somebody else could put something in its place.
    """
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o711)
        directory.chmod(0o711)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise OSError(errno.EPERM, f"{directory} must be a directory of the engine's own account that no other can write to")
