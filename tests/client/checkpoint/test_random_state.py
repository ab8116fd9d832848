"""The generators go on as if nothing had been in between."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

from hfai.client.checkpoint import Checkpoints, random_state, restore_random_state


def drawn() -> tuple[float, float, float, float]:
    return random.random(), random.gauss(0, 1), float(np.random.normal()), float(torch.randn(1))


def test_it_goes_on(tmp_path: Path) -> None:
    """Through a file, with the half-used pair of Gaussian numbers."""
    drawn()
    Checkpoints(tmp_path).save(random_state(), 1)
    expected = [drawn() for _ in range(3)]
    found = Checkpoints(tmp_path).load_newest()
    assert found is not None
    restore_random_state(found[0])
    assert [drawn() for _ in range(3)] == expected


def test_it_is_plain_values() -> None:
    """So that every format takes it, and with PyTorch absent it says nothing of PyTorch."""
    state = random_state()
    del state["torch"], state["numpy"]
    before = torch.get_rng_state()
    restore_random_state(state)
    assert torch.equal(torch.get_rng_state(), before)
