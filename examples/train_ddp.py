"""PyTorch DDP on several nodes that may be suspended at any step: it ends with the weights of an undisturbed run, bit for bit.

Run it by itself, or as a task on two nodes, one rank on each::

    python examples/train_ddp.py --epochs 20
    hai-cli python examples/train_ddp.py --epochs 20 -- -n 2 --follow

The ranks find each other by what the platform puts into the environment: MASTER_ADDR, MASTER_PORT, WORLD_SIZE, RANK. What
differs from ``train_torch.py`` is marked (1) to (3).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import TensorDataset

from hfai.client.checkpoint import Checkpoints
from hfai.client.checkpoint.loader import ResumableLoader


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step on each rank")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and dropout")
    parser.add_argument("--save-every", type=int, default=200, help="steps between checkpoints, suspended or not")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where to save; all ranks must see it")
    parser.add_argument("--weights", type=Path, default=Path("digits_ddp.pt"), help="where the result goes")
    return parser.parse_args()


def train(arguments: argparse.Namespace, rank: int, world_size: int) -> None:
    torch.manual_seed(arguments.seed)
    torch.use_deterministic_algorithms(True)
    digits = load_digits()
    images, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.lr)
    # (1) Each rank takes its part of every epoch's order; all are equally far, so one loader state does for all.
    loader = ResumableLoader(
        TensorDataset(images[:1437], labels[:1437]), arguments.batch_size, seed=arguments.seed, rank=rank, world_size=world_size
    )

    # (2) The weights are the same on all ranks: rank 0 writes, all read. Every rank calls each method.
    checkpoints = Checkpoints(arguments.checkpoints / f"ddp-{os.environ.get('CHAIN_ID', 'local')}")
    stateful = {"model": model, "optimizer": optimizer, "loader": loader}
    step = 0
    if found := checkpoints.load_newest():
        state, step = found
        for name, part in stateful.items():
            part.load_state_dict(state[name])
    if rank == 0:
        print(f"{world_size} ranks, from step {step}, epoch {loader.epoch + 1}", flush=True)

    while loader.epoch < arguments.epochs:
        for batch, wanted in loader:
            # (3) Another dropout on each rank, and nothing to save for it: it depends on the step alone.
            torch.manual_seed((arguments.seed * 1_000_003 + step) * world_size + rank)
            loss = nn.functional.cross_entropy(parallel(batch), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            # Only rank 0 is told by the platform; this tells all ranks at the same step.
            suspend = checkpoints.should_suspend()
            if suspend or step % arguments.save_every == 0:
                state = {name: part.state_dict() for name, part in stateful.items()}
                if suspend:
                    print(f"rank {rank} suspended at step {step}, epoch {loader.epoch + 1}", flush=True)
                    checkpoints.save_and_yield(state, step)
                else:
                    checkpoints.save(state, step)
    if rank == 0:
        model.eval()
        accuracy = (model(images[1437:]).argmax(1) == labels[1437:]).float().mean().item()
        torch.save(model.state_dict(), arguments.weights)
        shutil.rmtree(checkpoints.directory, ignore_errors=True)
        print(f"finished after {step} steps, accuracy {accuracy:.4f}, weights in {arguments.weights}", flush=True)
    # Nobody leaves while another still needs the group.
    dist.barrier()


def main() -> None:
    arguments = parse_arguments()
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29510")
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    dist.init_process_group("gloo", rank=rank, world_size=world_size)
    try:
        train(arguments, rank, world_size)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
