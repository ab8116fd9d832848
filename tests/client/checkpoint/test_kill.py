"""kill -9 in the middle of saving: what was reported as saved is there, and what is loaded is whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from hfai.client.checkpoint import Checkpoints

DEADLINE_S = 60
SAVER = """
import sys
import numpy as np
from hfai.client.checkpoint import Checkpoints

checkpoints = Checkpoints(sys.argv[1], keep=2)
state, step = checkpoints.load_newest() or (None, 0)
while True:
    step += 1
    checkpoints.save({"weights": np.full(200_000, step), "step": step}, step)
    print(step, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Ten lives of a process that does nothing but save; each goes on where the one before was."""
    chance = random.Random(7)
    saved = 0
    for _ in range(10):
        with subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = int(process.stdout.readline())
            assert saved + 1 <= first <= saved + 2
            # A moment of its own in each life; the length of a save is a few milliseconds.
            end = time.monotonic() + chance.uniform(0, 0.05)
            while time.monotonic() < end:
                pass
            process.send_signal(signal.SIGKILL)
            saved = int((process.stdout.read().split("\n")[:-1] or [str(first)])[-1])
            assert process.wait(DEADLINE_S) == -signal.SIGKILL
        found = Checkpoints(tmp_path).load_newest()
        assert found is not None
        state, step = found
        assert saved <= step <= saved + 1
        saved = step
        assert state["step"] == step
        assert np.all(state["weights"] == step)
    Checkpoints(tmp_path).save("end", saved + 1)
    assert len(list(tmp_path.iterdir())) == 2
