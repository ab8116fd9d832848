"""The suspend command in the worker processes of a real PyTorch DataLoader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hfai.model import control

SCRIPT = """
import os, sys
import torch
from torch.utils.data import DataLoader, Dataset
from hfai.client import receive_suspend_command

class Asking(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == 4:  # behind a whole batch of each worker that saw nothing
            with open(os.environ["HFAI_CONTROL"], "r+b") as page:
                page.seek(int(sys.argv[2]))
                page.write(b"\\1")
        return os.getpid(), receive_suspend_command()

if __name__ == "__main__":
    loader = DataLoader(Asking(), batch_size=2, num_workers=1, prefetch_factor=1, multiprocessing_context=sys.argv[1])
    pids, wanted = zip(*loader)
    assert os.getpid() not in torch.cat(pids)
    print(torch.cat(wanted).tolist())
    print(receive_suspend_command())
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_see_it(tmp_path: Path, method: str) -> None:
    """From the moment that the command is there, in the middle of an epoch; the main process too."""
    page = bytearray(control.SIZE_BYTES)
    page[: len(control.MAGIC)] = control.MAGIC
    (tmp_path / "control").write_bytes(page)
    (tmp_path / "asking.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "asking.py"), method, str(control.SUSPEND)],
        capture_output=True,
        text=True,
        env={**os.environ, "HFAI_CONTROL": str(tmp_path / "control"), "MARSV2_TASK_TYPE": "training"},
        timeout=120,
    )
    assert done.stdout == f"{[False] * 4 + [True] * 4}\nTrue\n", done.stderr
