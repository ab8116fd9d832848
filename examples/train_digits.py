"""Train a small neural network on scikit-learn's 1,797 handwritten digits, in a way that may be interrupted at any time.

Run it by itself, on one node or on several (the ranks then average their gradients)::

    python examples/train_digits.py --epochs 20
    hai-cli python examples/train_digits.py --epochs 20 -- -n 1 --follow
    hai-cli python examples/train_digits.py --epochs 20 -- -n 2 --follow

What makes it fit for a time-shared cluster is marked (1) to (3).
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from peers import Peers
from sklearn.datasets import load_digits

import hfai.client


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--lr", type=float, default=0.05, help="learning rate")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step on each rank")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights and of the order of the images")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where to save, in the workspace")
    parser.add_argument("--epoch-s", type=float, default=0, help="seconds that an epoch takes at least, to have time to look at the task")
    return parser.parse_args()


class Network:
    """64 pixels, 64 hidden units, 10 digits; momentum; everything that a checkpoint needs is in ``state``."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.state = {
            "w1": random.normal(0, (2 / 64) ** 0.5, (64, 64)),
            "b1": np.zeros(64),
            "w2": random.normal(0, (2 / 64) ** 0.5, (64, 10)),
            "b2": np.zeros(10),
        }
        self.state |= {f"momentum_{name}": np.zeros_like(value) for name, value in self.state.items()}

    def forward(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.maximum(images @ self.state["w1"] + self.state["b1"], 0)
        scores = hidden @ self.state["w2"] + self.state["b2"]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, scores / scores.sum(axis=1, keepdims=True)

    def gradients(self, images: np.ndarray, digits: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        hidden, wanted = self.forward(images)
        rows = np.arange(len(digits))
        loss = float(-np.log(wanted[rows, digits] + 1e-12).mean())
        error = wanted
        error[rows, digits] -= 1
        error /= len(digits)
        back = (error @ self.state["w2"].T) * (hidden > 0)
        return loss, {"w1": images.T @ back, "b1": back.sum(0), "w2": hidden.T @ error, "b2": error.sum(0)}

    def step(self, gradients: dict[str, np.ndarray], lr: float) -> None:
        for name, gradient in gradients.items():
            self.state[f"momentum_{name}"] = 0.9 * self.state[f"momentum_{name}"] - lr * gradient
            self.state[name] += self.state[f"momentum_{name}"]

    def accuracy(self, images: np.ndarray, digits: np.ndarray) -> float:
        return float((self.forward(images)[1].argmax(axis=1) == digits).mean())


def save(path: Path, network: Network, epoch: int) -> None:
    """(1) Written beside and renamed: whatever happens, a whole checkpoint is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.tmp")
    with beside.open("wb") as stream:
        np.savez(stream, epoch=epoch, **network.state)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def load(path: Path, network: Network) -> int:
    """The epoch to go on with; 0 without a checkpoint."""
    if not path.exists():
        return 0
    with np.load(path) as saved:
        for name in network.state:
            network.state[name] = saved[name]
        return int(saved["epoch"])


def main() -> None:
    arguments = parse_arguments()
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    images, digits = load_digits(return_X_y=True)
    images = images / 16
    train_images, train_digits, test_images, test_digits = images[:1437], digits[:1437], images[1437:], digits[1437:]

    network = Network(arguments.seed)
    # (2) The chain keeps its id when it is started again, so each task finds its own checkpoint and no other's.
    checkpoint = arguments.checkpoints / f"digits-{os.environ.get('CHAIN_ID', 'local')}.npz"
    first_epoch = load(checkpoint, network)
    if rank == 0:
        print(f"{len(images)} images, rank 0 of {world_size}, from epoch {first_epoch + 1}", flush=True)

    with Peers(rank, world_size) as peers:
        for epoch in range(first_epoch, arguments.epochs):
            begun = time.monotonic()
            # The same order on every rank; each takes its own part of it.
            order = np.random.default_rng((arguments.seed, epoch)).permutation(len(train_images))
            order = order[: len(order) // world_size * world_size][rank::world_size]
            losses = []
            for start in range(0, len(order), arguments.batch_size):
                batch = order[start : start + arguments.batch_size]
                loss, gradients = network.gradients(train_images[batch], train_digits[batch])
                losses.append(loss)
                network.step({name: peers.mean(gradient) for name, gradient in gradients.items()}, arguments.lr)
            time.sleep(max(0.0, begun + arguments.epoch_s - time.monotonic()))
            if rank == 0:
                accuracy = network.accuracy(test_images, test_digits)
                print(f"epoch {epoch + 1}/{arguments.epochs} loss {np.mean(losses):.4f} accuracy {accuracy:.4f}", flush=True)
                save(checkpoint, network, epoch + 1)
                # (3) Only rank 0 is ever told. Everything is saved, so this run may end here; the next one goes on.
                if hfai.client.receive_suspend_command():
                    print("suspended, saved", flush=True)
                    hfai.client.go_suspend()
    if rank == 0:
        checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
