"""Save and load for a plain training loop, on one rank or many."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Optional, Union

import hfai.client
from hfai.client.checkpoint import _steps
from hfai.client.checkpoint._agreement import on_first, together
from hfai.client.checkpoint._codec import Codec, codec_for_reading, codec_for_writing
from hfai.client.checkpoint._durable import sync_file
from hfai.client.checkpoint._manifest import FileMark, Manifest, read_manifest
from hfai.client.checkpoint._ranks import Alone, Ranks, ranks_of
from hfai.client.checkpoint._suspend import should_suspend
from hfai.model.errors import HfaiError, UsageError


class Checkpoints:
    """The checkpoints of one training, in a folder of their own.

    A checkpoint is written beside, synced and then named whole by one atomic rename, with sizes and SHA-256 of its
    files; whatever happens, even to the machine, a torn one is never loaded. One training per ``directory``: the
    ``CHAIN_ID`` of a task, the same over all its runs, makes a good last part of its path.

    With a torch process group every rank calls each method at the same point of the program. Without ``sharded``, rank 0
    writes and all ranks load the same state; with it, each rank writes and loads its own part, and the checkpoint counts
    only when all parts are there. ``save`` returns when the checkpoint is whole, and fails on all ranks if it fails on
    one. Several ranks need a directory that all of them see. Without a process group, only the process of rank 0
    (variable ``RANK``) writes; let the ranks load before they first exchange anything.

    Args:
        directory: where; made at the first save.
        keep: how many whole checkpoints to keep, at least 1.
        codec: how a state is written; None: ``TorchCodec`` where it holds a torch tensor, else ``ArraysCodec``. Neither
            loads a pickle unrestricted.
        sharded: each rank has a state of its own, for example its shard of the optimizer or its random state.
        checksum: False saves the time of the digest (about 2 s per GB) and notices only missing bytes, not changed ones.
        group: the process group of the ranks; None: the default one, if ``torch.distributed`` is initialised when a method
            is called.

    Raises:
        UsageError: ``keep`` is below 1.

    Example:
        >>> checkpoints = Checkpoints("checkpoints/my_exp", keep=2)  # doctest: +SKIP
        >>> state, done = checkpoints.load_newest() or (None, 0)  # doctest: +SKIP
    """

    def __init__(
        self,
        directory: Union[str, os.PathLike[str]],
        keep: int = 2,
        *,
        codec: Optional[Codec] = None,
        sharded: bool = False,
        checksum: bool = True,
        group: Any = None,
    ) -> None:
        if keep < 1:
            raise UsageError("keep is {keep}: at least one checkpoint must be kept", keep=keep)
        self.directory = Path(directory)
        self.keep = keep
        self._codec = codec
        self._sharded = sharded
        self._checksum = checksum
        self._group = group
        self._broken: set[int] = set()

    def save(self, state: Any, step: int) -> Path:
        """Save the state after ``step`` steps; the older checkpoints stay until this one is whole.

        Saving a step again replaces it, atomically too.

        Args:
            state: what ``load_newest`` shall return: by default nested dicts, lists, numbers, strings, NumPy arrays and torch
                tensors. Without ``sharded`` only rank 0's is looked at.
            step: how far the training is, from 0; the checkpoint with the highest step is the newest.

        Returns:
            the folder of the checkpoint.

        Raises:
            UsageError: the state cannot be saved by the codec, or the step is negative.
            OSError: the disk is full, the directory cannot be written.
            HfaiError: it failed on another rank, the ranks are at different steps, or they do not see the same directory.

        It blocks until the files are on the disk. After an error the older checkpoints are as they were.

        Example:
            >>> checkpoints.save({"weights": weights}, step)  # doctest: +SKIP
        """
        if step < 0:
            raise UsageError("step is {step}: steps count from 0", step=step)
        ranks = self._ranks()
        folder = _steps.folder_of(self.directory, step)
        if not self._is_writer(ranks):
            if isinstance(ranks, Alone):
                return folder
            records = together(ranks, "saving", lambda: json.dumps([step, None]).encode())
        else:
            attempt = ranks.broadcast(os.urandom(6)).hex() if self._sharded else os.urandom(6).hex()
            records = together(
                ranks, "saving", lambda: json.dumps([step, asdict(self._write_part(state, folder, ranks, attempt))]).encode()
            )
        on_first(ranks, "saving", lambda: self._commit(folder, step, records))
        return folder

    def load_newest(self) -> Optional[tuple[Any, int]]:
        """The newest whole checkpoint, the same on all ranks; torn and changed ones are passed over.

        Returns:
            ``(state, step)`` as they were saved (tensors on the CPU); None if there is none, as in the first run.

        Raises:
            HfaiError: it is whole but cannot be used: another number of ranks wrote it, or the codec refuses it.
            OSError: it is there but cannot be read.

        Warns:
            RuntimeWarning: a checkpoint was saved to its end and has been damaged since.

        It blocks while it reads. May be called any number of times.

        Example:
            >>> found = checkpoints.load_newest()  # doctest: +SKIP
            >>> state, step = found if found else (fresh_state(), 0)  # doctest: +SKIP
        """
        ranks = self._ranks()
        listed = together(ranks, "listing", lambda: json.dumps(list(_steps.committed_in(self.directory))).encode())
        for step in json.loads(listed[0]):
            loaded: list[Any] = []
            damage = together(ranks, "loading", partial(self._read_part, step, ranks, loaded))
            if not any(damage):
                return loaded[0], step
            self._broken.add(step)
            reason = next(filter(None, damage)).decode()
            folder = _steps.folder_of(self.directory, step)
            warnings.warn(f"{folder} is damaged ({reason}): the one before it is taken", RuntimeWarning, stacklevel=2)
        return None

    def should_suspend(self) -> bool:
        """:func:`hfai.client.checkpoint.should_suspend` for the ranks of these checkpoints."""
        return should_suspend(self._group)

    def save_and_yield(self, state: Any, step: int) -> None:
        """Save, then tell the platform that this run may end: does not return in a task that is being suspended.

        Every rank calls it; none goes before the checkpoint is whole. In a simulation (``HFAI_SIMULATE=1``) it ends the
        process with 0. Outside a task it saves and returns.

        Args:
            state: as for :meth:`save`.
            step: as for :meth:`save`.

        Raises:
            as :meth:`save`; then the platform has been told nothing, and the training may go on or try again.

        Example:
            >>> if checkpoints.should_suspend():  # doctest: +SKIP
            ...     checkpoints.save_and_yield(state, step)
        """
        self.save(state, step)
        hfai.client.go_suspend()

    def _ranks(self) -> Ranks:
        ranks = ranks_of(self._group)
        if self._sharded and isinstance(ranks, Alone) and int(os.environ.get("WORLD_SIZE") or 1) > 1:
            raise UsageError("sharded checkpoints of several ranks need torch.distributed: init_process_group() first")
        return ranks

    def _is_writer(self, ranks: Ranks) -> bool:
        if isinstance(ranks, Alone):
            return int(os.environ.get("RANK") or 0) == 0
        return self._sharded or ranks.rank == 0

    def _parts(self, ranks: Ranks) -> int:
        return ranks.size if self._sharded else 1

    def _write_part(self, state: Any, folder: Path, ranks: Ranks, attempt: str) -> FileMark:
        """A name that no other attempt has: until the manifest names it, the file is nothing."""
        codec = codec_for_writing(state, self._codec)
        path = folder / f"part-{ranks.rank}-of-{self._parts(ranks)}-{attempt}{codec.suffix}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            codec.write(state, path)
            sync_file(path)
            return FileMark.of(path, path.name, checksum=self._checksum)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _commit(self, folder: Path, step: int, records: list[bytes]) -> None:
        told = [json.loads(record) for record in records]
        if {one[0] for one in told} != {step}:
            raise HfaiError("the ranks save different steps: {steps}", steps=[one[0] for one in told])
        marks = tuple(FileMark(**mark) for _, mark in told if mark is not None)
        unseen = [mark.name for mark in marks if not (folder / mark.name).exists()]
        if unseen:
            raise HfaiError(
                "rank 0 does not see {files} in {folder}: the directory must be one that all ranks share",
                files=", ".join(unseen),
                folder=folder,
            )
        _steps.commit(self.directory, folder, Manifest(step, len(marks), marks))
        self._broken.discard(step)
        _steps.prune(self.directory, saved=step, keep=self.keep, broken=self._broken)

    def _read_part(self, step: int, ranks: Ranks, loaded: list[Any]) -> bytes:
        """Put the state into ``loaded`` and return nothing, or return what is wrong with the file."""
        folder = _steps.folder_of(self.directory, step)
        manifest = read_manifest(folder)
        if manifest is None:
            return b"it is gone"
        parts = self._parts(ranks)
        if manifest.parts != parts:
            raise HfaiError(
                "{folder} was saved in {there} parts, but {parts} would be read now: start as many ranks as before, with the "
                "same `sharded`, or use another directory",
                folder=folder,
                there=manifest.parts,
                parts=parts,
            )
        mark = manifest.files[ranks.rank if self._sharded else 0]
        if damage := mark.difference(folder):
            return damage.encode()
        path = folder / mark.name
        loaded.append(codec_for_reading(path, self._codec).read(path))
        return b""
