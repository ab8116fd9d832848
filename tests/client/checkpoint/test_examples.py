"""The examples, suspended at random moments: the weights are those of an undisturbed run, bit for bit."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
import torch


@pytest.mark.parametrize(
    ("name", "ranks", "suspensions"),
    # The callbacks of the last two are tested after every single step elsewhere.
    [("train_ddp.py", 2, 5), ("train_torch.py", 1, 3), ("train_lightning.py", 1, 1), ("train_hf.py", 1, 1)],
)
def test_the_same_weights(launch, example, tmp_path: Path, name: str, ranks: int, suspensions: int) -> None:
    """Each life gets a random share of the time that the whole training takes, short enough that none finishes early."""
    epochs = ("--epochs", 8)
    undisturbed = launch(example(name), *epochs, "--weights", "expected.pt", ranks=ranks, suspend_after_s=1e6)
    assert [one.status for one in undisturbed] == [0] * ranks, "\n".join(one.stderr for one in undisturbed)
    assert not any(tmp_path.glob("checkpoints/*"))

    chance = random.Random(time.time_ns())
    steps = []
    for _ in range(suspensions):
        after_s = chance.uniform(0, 0.03)
        ended = launch(example(name), *epochs, "--weights", "found.pt", ranks=ranks, suspend_after_s=after_s)
        assert [one.status for one in ended] == [0] * ranks, "\n".join(one.stderr for one in ended)
        assert all(one.is_suspended for one in ended), ended[0].stdout
        steps.append(max(int(step) for step in re.findall(r"(?:step|checkpoint)-0*(\d+)", " ".join(map(str, tmp_path.rglob("*"))))))
    assert steps == sorted(set(steps)), "no life lost what an earlier one had done"
    assert not (tmp_path / "found.pt").exists()

    ended = launch(example(name), *epochs, "--weights", "found.pt", ranks=ranks, suspend_after_s=1e6)
    assert [one.status for one in ended] == [0] * ranks, "\n".join(one.stderr for one in ended)
    expected, found = (torch.load(tmp_path / f"{which}.pt", weights_only=True) for which in ("expected", "found"))
    assert expected.keys() == found.keys()
    for weight, tensor in expected.items():
        assert torch.equal(tensor, found[weight]), f"{weight} differs after suspensions at {steps}"
