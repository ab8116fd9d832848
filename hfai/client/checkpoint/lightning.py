"""PyTorch Lightning: a callback that saves and yields when the task is told to suspend."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Iterator, Optional, Union

import hfai.client
from hfai.client.checkpoint import _steps
from hfai.client.checkpoint._random_state import random_state, restore_random_state
from hfai.client.checkpoint._ranks import ranks_of
from hfai.client.checkpoint._sealed import newest_whole, seal
from hfai.client.checkpoint._suspend import should_suspend
from hfai.client.checkpoint.loader import ResumableLoader
from hfai.model.errors import UsageError

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:  # the same library under its older name
    from pytorch_lightning.callbacks import Callback

_PREFIX = "lightning-"


class SuspendCallback(Callback):  # type: ignore[misc]
    """Asks after each optimizer step, on all ranks together; told to suspend, it saves the Trainer's state and yields.

    The checkpoint holds what Lightning saves (weights, optimizers, schedulers, loops, callbacks) and each rank's random
    state. For the same batches after the restart use ``hfai.client.checkpoint.loader.ResumableLoader`` or another loader
    with ``state_dict``; with others Lightning begins the epoch's data anew, and says so.

    After the last batch of an epoch it waits for the validation, and during a validation nobody asks: let
    ``options.suspend_grace`` be longer than that. It is independent of ``ModelCheckpoint``, whose files may go on being
    written elsewhere. ``LightningModule.on_train_batch_end`` has not run yet for the batch after which it saves.

    Args:
        directory: where; one training per directory, seen by all ranks.
        keep: how many whole checkpoints to keep, at least 1.
        every_steps: save also every so many optimizer steps, against the loss of a node; None: only at a suspension.
        checksum: False notices only missing bytes, not changed ones; rank 0 reads what was written once less.
        group: the process group that learns of the suspension; None: the default one.

    Raises:
        UsageError: ``keep`` or ``every_steps`` is below 1.

    Example:
        >>> suspend = SuspendCallback("checkpoints/my_exp")  # doctest: +SKIP
        >>> trainer = Trainer(callbacks=[suspend], max_epochs=10)  # doctest: +SKIP
        >>> trainer.fit(model, loader, ckpt_path=suspend.newest())  # doctest: +SKIP
    """

    def __init__(
        self,
        directory: Union[str, os.PathLike[str]],
        keep: int = 2,
        *,
        every_steps: Optional[int] = None,
        checksum: bool = True,
        group: Any = None,
    ) -> None:
        super().__init__()
        if keep < 1 or (every_steps is not None and every_steps < 1):
            raise UsageError("keep is {keep}, every_steps {every}: at least 1", keep=keep, every=every_steps)
        # Lightning changes into no other directory, but a script may.
        self.directory = Path(directory).absolute()
        self.keep = keep
        self.every_steps = every_steps
        self._checksum = checksum
        self._group = group
        self._last_step: Optional[int] = None
        self._saved: dict[str, Any] = {}
        self._restored: dict[str, Any] = {}

    def newest(self) -> Optional[str]:
        """The newest whole checkpoint, for ``Trainer.fit(ckpt_path=...)``; None in the first run.

        It reads the files to check them, which blocks; damaged ones are passed over with a RuntimeWarning. Where a
        process group is initialised, all ranks call it and get rank 0's answer.
        """
        folders = [_steps.folder_of(self.directory, step) for step in _steps.steps_in(self.directory)]
        found = newest_whole(ranks_of(self._group), folders)
        return None if found is None else str(next(path for path in sorted(found.iterdir()) if path.name.startswith(_PREFIX)))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Lightning's: after everything that draws random numbers on the way."""
        self._last_step = trainer.global_step
        restored, self._restored = self._restored, {}
        if len(restored.get("random", ())) == trainer.world_size:
            restore_random_state(restored["random"][trainer.global_rank])
        # Lightning gives loaders their state back in the middle of an epoch only; these take it until their first batch.
        for loader, state in zip(_loaders_in(trainer.train_dataloader), restored.get("loaders", ())):
            loader.load_state_dict(state)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Lightning's. Not after the last batch of an epoch: its counters are half in the next one then.

        Resumed there (seen with 2.6) Lightning takes up the next epoch without counting it, and what is saved next
        cannot be resumed any more.
        """
        if not trainer.is_last_batch:
            self._ask(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Lightning's: after the validation of the epoch, where there is one."""
        self._ask(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Lightning's: goes into the checkpoint; plain values only, so that it loads with ``weights_only``."""
        return self._saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Lightning's."""
        self._restored = state_dict

    def _ask(self, trainer: Any) -> None:
        step = trainer.global_step
        # Between optimizer steps gradients are half accumulated, and no checkpoint holds those.
        if step == self._last_step:
            return
        self._last_step = step
        if should_suspend(self._group):
            self._save(trainer, step)
            hfai.client.go_suspend()
        elif self.every_steps is not None and step % self.every_steps == 0:
            self._save(trainer, step)

    def _save(self, trainer: Any, step: int) -> None:
        ranks = ranks_of()
        folder = _steps.folder_of(self.directory, step)
        folder.mkdir(parents=True, exist_ok=True)
        attempt = ranks.broadcast(os.urandom(6)).hex()
        self._saved = {
            "random": [json.loads(one) for one in ranks.gather(json.dumps(random_state()).encode())],
            "loaders": [loader.state_dict() for loader in _loaders_in(trainer.train_dataloader)],
        }
        prefix = f"{_PREFIX}{attempt}"
        trainer.save_checkpoint(folder / f"{prefix}.ckpt")
        self._saved = {}
        seal(ranks, folder, step, checksum=self._checksum, prefix=prefix)
        if ranks.rank == 0:
            _steps.prune(self.directory, saved=step, keep=self.keep, broken=())


def _loaders_in(given: Any) -> Iterator[ResumableLoader]:
    """Of what ``fit`` was given: one loader, or lists and dicts of them."""
    if isinstance(given, ResumableLoader):
        yield given
    elif isinstance(given, dict):
        yield from _loaders_in(list(given.values()))
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _loaders_in(one)
