"""PyTorch Lightning, suspended at any step and resumed with the same batches and the same dropout.

Run it by itself, simulate a suspension after half a second of training, or run it as a task::

    python examples/train_lightning.py --epochs 20
    hai-cli python examples/train_lightning.py --epochs 20 ++ -ss 0.5
    hai-cli python examples/train_lightning.py --epochs 20 -- -n 1 --follow

Needs ``lightning``. What is special about it is marked (1) to (3).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import TensorDataset

from hfai.client.checkpoint.lightning import SuspendCallback
from hfai.client.checkpoint.loader import ResumableLoader


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and dropout")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where to save, in the workspace")
    parser.add_argument("--weights", type=Path, default=Path("digits_lightning.pt"), help="where the result goes")
    return parser.parse_args()


class Digits(LightningModule):
    """64 pixels to 10 digits."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=2e-3)


def main() -> None:
    arguments = parse_arguments()
    seed_everything(arguments.seed, verbose=False)
    digits = load_digits()
    images, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    # (1) Lightning asks the loader where it is and saves that too; a plain DataLoader would begin the epoch again.
    loader = ResumableLoader(TensorDataset(images[:1437], labels[:1437]), arguments.batch_size, seed=arguments.seed)
    # (2) Saves and yields when the platform wants the nodes, and every 200 steps against the loss of one.
    suspend = SuspendCallback(arguments.checkpoints / f"lightning-{os.environ.get('CHAIN_ID', 'local')}", every_steps=200)
    trainer = Trainer(
        max_epochs=arguments.epochs,
        callbacks=[suspend],
        accelerator="cpu",
        devices=1,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Digits()
    # (3) None in the first run.
    trainer.fit(model, loader, ckpt_path=suspend.newest())

    model.eval()
    accuracy = (model.network(images[1437:]).argmax(1) == labels[1437:]).float().mean().item()
    torch.save(model.state_dict(), arguments.weights)
    shutil.rmtree(suspend.directory, ignore_errors=True)
    print(f"finished after {trainer.global_step} steps, accuracy {accuracy:.4f}, weights in {arguments.weights}", flush=True)


if __name__ == "__main__":
    main()
