"""PyTorch DDP on two nodes of a real engine, suspended five times at random moments: the weights of an undisturbed run, bit for bit."""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from pathlib import Path

import pytest
import torch

import hfai.client
from hfai.client import Experiment
from hfai.testing import EngineSandbox

SUSPENSIONS = 5
EPOCHS = 60
EXAMPLE = Path(__file__).parents[2] / "examples" / "train_ddp.py"
DEADLINE_S = 120.0


def submit(workspace: Path, weights: str) -> Experiment:
    return hfai.client.create_experiment_v2(
        {
            "version": 2,
            "name": weights,
            "priority": 10,
            "spec": {
                "workspace": str(workspace),
                "entrypoint": EXAMPLE.name,
                "parameters": f"--epochs {EPOCHS} --save-every 1000000 --weights {weights}",
                "environments": {"OMP_NUM_THREADS": "1"},
            },
            "resource": {"node_count": 2},
            "options": {"suspend_grace": 60},
        }
    )


def until_alive(task: Experiment, lives: int) -> None:
    """Wait until the training has begun for the so-manieth time, and then a random moment."""
    deadline = time.monotonic() + DEADLINE_S
    while sum("from step" in line.text for line in hfai.client.stream_logs(task, run="all")) < lives:
        assert time.monotonic() < deadline, task.refresh().chain_status
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.4))


def test_the_same_weights_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told, saved by all ranks at the same step, given new nodes, resumed: nothing of it is seen in the result."""
    shutil.copy(EXAMPLE, tmp_path)
    with EngineSandbox({"nodes": 2}) as sandbox:
        for name in ("HFAI_HOME", "HFAI_ENGINE_DIR"):
            monkeypatch.setenv(name, sandbox.env[name])
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        undisturbed = hfai.client.wait(submit(tmp_path, "expected.pt"), timeout=DEADLINE_S)
        assert undisturbed.exit_status == 0, list(hfai.client.stream_logs(undisturbed))

        task = submit(tmp_path, "found.pt")
        for number in range(1, SUSPENSIONS + 1):
            until_alive(task, number)
            task.suspend()
            deadline = time.monotonic() + DEADLINE_S
            while task.refresh().suspend_count < number:
                assert time.monotonic() < deadline, task.chain_status
                time.sleep(0.02)
        ended = hfai.client.wait(task, timeout=DEADLINE_S)
        assert (ended.exit_status, ended.suspend_count) == (0, SUSPENSIONS)
        assert all(one.saved_at for one in ended.suspensions), "each was saved in time, none forced"

    expected, found = (torch.load(tmp_path / f"{which}.pt", weights_only=True) for which in ("expected", "found"))
    assert expected.keys() == found.keys()
    for weight, tensor in expected.items():
        assert torch.equal(tensor, found[weight]), f"{weight} differs"
