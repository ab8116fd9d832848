"""The directory of a run: what its supervisors are told, and what they leave (docs/architecture.md)."""

from __future__ import annotations

import json
import shutil
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
    """

    def __init__(self, root: Path, engine_id: str) -> None:
        self._root = root
        self._engine_id = engine_id

    def run_dir(self, run_id: int) -> Path:
        """The directory of a run, whether or not it is there."""
        return self._root / str(run_id // _DIRECTORIES) / str(run_id)

    def rank_dir(self, run_id: int, rank: int) -> Path:
        """The directory of a rank, whether or not it is there."""
        return self.run_dir(run_id) / str(rank)

    def prepare(self, run_id: int, spec: dict[str, Any]) -> Path:
        """Make the directory of a run that has never been launched, with its ``spec.json``; returns it.

        Raises:
            OSError: it cannot be written.
        """
        path = self.run_dir(run_id)
        try:
            path.mkdir(mode=0o700)
        except FileNotFoundError:
            for directory in (self._root, path.parent, path):  # `parents=True` would ignore the mode
                directory.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            self._remove_foreign(path)
            path.mkdir(mode=0o700, exist_ok=True)
        write_atomic(path / "spec.json", json.dumps(spec).encode("utf-8", "surrogateescape"))
        return path

    def _remove_foreign(self, path: Path) -> None:
        """A database that was removed begins to count anew: what another engine left is not ours to adopt."""
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
            page = (self.rank_dir(run_id, rank) / "control").read_bytes()
        except OSError:
            page = b""
        is_whole = len(page) >= control.SIZE_BYTES and page.startswith(control.MAGIC)
        return page if is_whole else bytes(control.SIZE_BYTES)
