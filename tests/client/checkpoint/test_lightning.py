"""PyTorch Lightning itself: suspended anywhere, its Trainer goes on as if it had not been."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

TWO_NODES = """
import os, sys
os.environ["NODE_RANK"] = os.environ["RANK"]  # the name that Lightning reads
import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything
from torch.utils.data import TensorDataset
from hfai.client.checkpoint.lightning import SuspendCallback
from hfai.client.checkpoint.loader import ResumableLoader

rank = int(os.environ["RANK"])

class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    def training_step(self, batch, batch_idx):
        return self.network(batch[0]).pow(2).mean()
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.1)

seed_everything(1)
data = TensorDataset(torch.randn(12, 3))
torch.manual_seed(rank)  # another dropout on each node
suspend = SuspendCallback(sys.argv[1])
trainer = Trainer(max_epochs=2, callbacks=[suspend], accelerator="cpu", devices=1, num_nodes=2, strategy="ddp", logger=False,
                  use_distributed_sampler=False, enable_checkpointing=False, enable_progress_bar=False)
model = Model()
trainer.fit(model, ResumableLoader(data, 2, rank=rank, world_size=2), ckpt_path=suspend.newest())
torch.save(model.state_dict(), f"{sys.argv[1]}-{rank}.pt")
"""


def test_after_every_step(launch, tmp_path: Path) -> None:
    """One life per step, and lives of one, two, three steps; with accumulation and with validation within the epoch."""
    [ended] = launch(str(Path(__file__).with_name("lightning_lives.py")))
    assert ended.status == 0, ended.stderr
    assert ended.stdout.count("same") == 45


def test_two_nodes(launch, tmp_path: Path) -> None:
    """Rank 0 alone is told; both yield at the same step, and each goes on with its own random state."""
    script = tmp_path / "two_nodes.py"
    script.write_text(TWO_NODES)
    for directory, suspend_after_s in (("undisturbed", 1e6), ("lives", 0), ("lives", 0), ("lives", 1e6)):
        ended = launch(str(script), directory, ranks=2, suspend_after_s=suspend_after_s)
        assert [one.status for one in ended] == [0, 0], "\n".join(one.stderr for one in ended)
        assert {one.is_suspended for one in ended} == {suspend_after_s == 0}
    assert sorted(path.name for path in (tmp_path / "lives").iterdir()) == ["step-000000000001", "step-000000000002"]
    for rank in (0, 1):
        expected, found = (torch.load(tmp_path / f"{which}-{rank}.pt", weights_only=True) for which in ("undisturbed", "lives"))
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_saved_now_and_then_and_the_damaged_passed_over(launch, tmp_path: Path) -> None:
    """``every_steps`` against the loss of a node; ``newest`` is whole, else the one before."""
    script = tmp_path / "one_node.py"
    script.write_text(
        TWO_NODES.replace("SuspendCallback(sys.argv[1])", "SuspendCallback(sys.argv[1], keep=2, every_steps=2)")
        .replace("num_nodes=2", "num_nodes=1")
        .replace("world_size=2", "world_size=1")
        + """
newest = suspend.newest()
print(newest)
open(newest, "ab").write(b"x")
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(suspend.newest())
print(len(caught))
"""
    )
    [ended] = launch(str(script), "saved")
    assert ended.status == 0, ended.stderr
    newest, before, warned = ended.stdout.splitlines()[-3:]
    assert "step-000000000012" in newest
    assert "step-000000000010" in before
    assert warned == "1"


def test_wrong_use_is_said() -> None:
    """In a process of its own: Lightning is not for the others."""
    code = "from hfai.client.checkpoint.lightning import SuspendCallback; SuspendCallback('x', every_steps=0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "every_steps 0: at least 1" in done.stderr
