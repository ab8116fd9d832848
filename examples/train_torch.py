"""A plain PyTorch loop that may be suspended at any step and ends with the weights of an undisturbed run, bit for bit.

Run it by itself, simulate a suspension after half a second, or run it as a task::

    python examples/train_torch.py --epochs 20
    hai-cli python examples/train_torch.py --epochs 20 ++ -ss 0.5
    hai-cli python examples/train_torch.py --epochs 20 -- -n 1 --follow

What a checkpoint needs for that is marked (1) to (4).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import TensorDataset

from hfai.client.checkpoint import Checkpoints, random_state, restore_random_state
from hfai.client.checkpoint.loader import ResumableLoader


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate at the start")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and dropout")
    parser.add_argument("--save-every", type=int, default=200, help="steps between checkpoints, suspended or not")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where to save, in the workspace")
    parser.add_argument("--weights", type=Path, default=Path("digits_torch.pt"), help="where the result goes")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    torch.use_deterministic_algorithms(True)
    digits = load_digits()
    images, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.lr)
    # (1) A loader that knows where it is in the epoch.
    loader = ResumableLoader(TensorDataset(images[:1437], labels[:1437]), arguments.batch_size, seed=arguments.seed)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, arguments.epochs * len(loader))

    # (2) The chain keeps its id when it is started again, so each task finds its own checkpoints and no other's.
    checkpoints = Checkpoints(arguments.checkpoints / f"torch-{os.environ.get('CHAIN_ID', 'local')}")
    stateful = {"model": model, "optimizer": optimizer, "schedule": schedule, "loader": loader}
    step = 0
    if found := checkpoints.load_newest():
        state, step = found
        for name, part in stateful.items():
            part.load_state_dict(state[name])
        restore_random_state(state["random"])
    print(f"from step {step}, epoch {loader.epoch + 1}", flush=True)

    while loader.epoch < arguments.epochs:
        for batch, wanted in loader:
            loss = nn.functional.cross_entropy(model(batch), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            suspend = checkpoints.should_suspend()
            if suspend or step % arguments.save_every == 0:
                # (3) All that the next step depends on; dropout depends on the random state.
                state = {name: part.state_dict() for name, part in stateful.items()} | {"random": random_state()}
                if suspend:
                    # (4) Whole on the disk before the platform is told. Does not return in a task.
                    print(f"suspended at step {step}, epoch {loader.epoch + 1}", flush=True)
                    checkpoints.save_and_yield(state, step)
                else:
                    checkpoints.save(state, step)
    model.eval()
    accuracy = (model(images[1437:]).argmax(1) == labels[1437:]).float().mean().item()
    torch.save(model.state_dict(), arguments.weights)
    shutil.rmtree(checkpoints.directory, ignore_errors=True)
    print(f"finished after {step} steps, accuracy {accuracy:.4f}, weights in {arguments.weights}", flush=True)


if __name__ == "__main__":
    main()
