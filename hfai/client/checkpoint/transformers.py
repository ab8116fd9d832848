"""Hugging Face Trainer: a callback that saves and yields when the task is told to suspend."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Optional, Union

from transformers import TrainerCallback

import hfai.client
from hfai.client.checkpoint._ranks import ranks_of
from hfai.client.checkpoint._sealed import newest_whole, seal
from hfai.client.checkpoint._suspend import should_suspend
from hfai.model.errors import UsageError

_NAME = re.compile(r"checkpoint-(\d+)")


class SuspendCallback(TrainerCallback):  # type: ignore[misc]
    """Asks after each optimizer step, on all ranks together; told to suspend, it has the Trainer save and yields.

    The Trainer writes its ordinary ``checkpoint-<step>`` folders with model, optimizer, scheduler and each rank's random
    state, and skips the batches that were done when it resumes. It does so file by file; this callback lists them in
    ``whole.json`` when all are there, for these saves and for those of ``save_strategy``, so that :meth:`newest` never
    gives a torn one. ``save_total_limit`` applies as usual.

    Args:
        checksum: False notices only missing bytes, not changed ones; rank 0 reads what was written once less.
        group: the process group that learns of the suspension; None: the default one.

    Example:
        >>> trainer = Trainer(model, args, train_dataset=data, callbacks=[SuspendCallback()])  # doctest: +SKIP
        >>> trainer.train(resume_from_checkpoint=SuspendCallback.newest(args.output_dir))  # doctest: +SKIP
    """

    def __init__(self, *, checksum: bool = True, group: Any = None) -> None:
        self._checksum = checksum
        self._group = group
        self._suspending = False

    @staticmethod
    def newest(output_dir: Union[str, os.PathLike[str]]) -> Optional[str]:
        """The newest whole checkpoint, for ``Trainer.train(resume_from_checkpoint=...)``; None in the first run.

        It reads the files to check them, which blocks; damaged ones are passed over with a RuntimeWarning. Where a
        process group is initialised, all ranks call it and get rank 0's answer.

        Args:
            output_dir: ``TrainingArguments.output_dir``.
        """
        directory = Path(output_dir)
        names = [_NAME.fullmatch(path.name) for path in directory.iterdir()] if directory.is_dir() else []
        steps = sorted((int(name[1]) for name in names if name), reverse=True)
        found = newest_whole(ranks_of(), [directory / f"checkpoint-{step}" for step in steps])
        return None if found is None else str(found)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer's. Raises UsageError where it saves the model only, which nothing can be resumed from."""
        if args.save_only_model:
            raise UsageError("save_only_model leaves out the optimizer: a suspended training could not go on; set it to False")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer's: after an optimizer step."""
        if should_suspend(self._group):
            self._suspending = True
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer's: its own files are written."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        # The gathering inside also waits for the ranks that still write their random state.
        ranks = ranks_of()
        ranks.gather(b"")
        seal(ranks, folder, state.global_step, checksum=self._checksum)
        if self._suspending:
            hfai.client.go_suspend()
