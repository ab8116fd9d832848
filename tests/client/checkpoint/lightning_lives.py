"""Run by test_lightning.py: trains over and over in one process, suspended after each possible step in turn.

A control page takes the platform's place: the flag on it is raised after step K. ``go_suspend`` ends a simulation by
SystemExit, which is caught here, so that the next life can begin without importing everything again.
"""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from pathlib import Path

from hfai.model import control

PAGE = Path("control")
PAGE.write_bytes(control.MAGIC.ljust(control.SIZE_BYTES, b"\0"))
os.environ["HFAI_CONTROL"] = str(PAGE)

import torch  # noqa: E402
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything  # noqa: E402
from torch.utils.data import TensorDataset  # noqa: E402

from hfai.client import receive_suspend_command  # noqa: E402
from hfai.client.checkpoint.lightning import SuspendCallback  # noqa: E402
from hfai.client.checkpoint.loader import ResumableLoader  # noqa: E402

receive_suspend_command()  # opens the page
os.environ["HFAI_SIMULATE"] = "1"  # what go_suspend asks


def flag(value: int) -> None:
    with PAGE.open("rb+") as page:
        page.seek(control.SUSPEND)
        page.write(bytes([value]))


class RaiseAt(Callback):
    """Before SuspendCallback, after the batch that is number ``batch`` of this life."""

    def __init__(self, batch: int) -> None:
        self.left = batch

    def on_train_batch_end(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            flag(1)


class Model(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
        self.validated = 0

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.network(batch[0]).pow(2).mean()

    def validation_step(self, batch: list[torch.Tensor], batch_idx: int) -> None:
        self.validated += 1

    def configure_optimizers(self) -> object:
        optimizer = torch.optim.Adam(self.parameters(), lr=0.1)
        return [optimizer], [{"scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9), "interval": "epoch"}]


def live(directory: str, suspend_after: int, options: dict[str, int]) -> Model | None:
    """One life; None if it was suspended."""
    flag(0)
    seed_everything(1, verbose=False)
    data = TensorDataset(torch.randn(12, 3))
    suspend = SuspendCallback(directory)
    trainer = Trainer(
        max_epochs=3,
        **options,
        callbacks=[RaiseAt(suspend_after), suspend],
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Model()
    try:
        trainer.fit(model, ResumableLoader(data, 3, seed=2), ResumableLoader(data, 3, shuffle=False), ckpt_path=suspend.newest())
    except SystemExit as end:
        assert end.code == 0
        return None
    return model


def main() -> None:
    # Lightning's own: its use of a deprecated name of PyTorch, few workers, short epochs.
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for options in ({}, {"accumulate_grad_batches": 3}, {"val_check_interval": 2}):
        expected = live("undisturbed", 0, options)
        assert expected is not None
        # Twelve batches: after each of them once, then lives of one, two, three batches.
        for plan in [*([after, 0] for after in range(1, 13)), [1] * 13, [2] * 7, [3] * 5]:
            found = None
            lives = [live("lives", after, options) for after in plan]
            # Where gradients are accumulated, a short life may not come to a step that can be saved: then the last is whole.
            found = next((one for one in lives if one is not None), None) or live("lives", 0, options)
            assert found is not None
            for name, tensor in expected.state_dict().items():
                assert torch.equal(tensor, found.state_dict()[name]), f"{plan}, {options}: {name} differs"
            print("same", plan, options, lives.index(found) if found in lives else "last", flush=True)
            shutil.rmtree("lives", ignore_errors=True)


if __name__ == "__main__":
    main()
