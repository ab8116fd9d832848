"""Hugging Face Trainer, suspended at any step and resumed with the same batches and the same dropout.

Run it by itself, simulate a suspension after half a second of training, or run it as a task::

    python examples/train_hf.py --epochs 20
    hai-cli python examples/train_hf.py --epochs 20 ++ -ss 0.5
    hai-cli python examples/train_hf.py --epochs 20 -- -n 1 --follow

Needs ``transformers`` and ``accelerate``; downloads nothing. What is special about it is marked (1) and (2).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from hfai.client.checkpoint.transformers import SuspendCallback


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and dropout")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where to save, in the workspace")
    parser.add_argument("--weights", type=Path, default=Path("digits_hf.pt"), help="where the result goes")
    return parser.parse_args()


class Digits(nn.Module):
    """64 pixels to 10 digits, in the form that the Trainer expects."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        scores = self.network(pixels)
        return {"loss": nn.functional.cross_entropy(scores, labels), "logits": scores}


def main() -> None:
    arguments = parse_arguments()
    set_seed(arguments.seed)
    digits = load_digits()
    images, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    samples: list[dict[str, Any]] = [{"pixels": image, "labels": label} for image, label in zip(images[:1437], labels[:1437])]
    model = Digits()
    training = TrainingArguments(
        output_dir=str(arguments.checkpoints / f"hf-{os.environ.get('CHAIN_ID', 'local')}"),
        num_train_epochs=arguments.epochs,
        per_device_train_batch_size=arguments.batch_size,
        learning_rate=2e-3,
        seed=arguments.seed,
        save_steps=200,
        save_total_limit=2,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )
    # (1) Saves and yields when the platform wants the nodes.
    trainer = Trainer(model, training, train_dataset=samples, callbacks=[SuspendCallback()])
    # (2) None in the first run.
    trainer.train(resume_from_checkpoint=SuspendCallback.newest(training.output_dir))

    model.eval()
    accuracy = (model.network(images[1437:]).argmax(1) == labels[1437:]).float().mean().item()
    torch.save(model.state_dict(), arguments.weights)
    shutil.rmtree(training.output_dir, ignore_errors=True)
    print(f"finished after {trainer.state.global_step} steps, accuracy {accuracy:.4f}, weights in {arguments.weights}", flush=True)


if __name__ == "__main__":
    main()
