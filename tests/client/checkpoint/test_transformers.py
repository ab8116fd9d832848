"""The Hugging Face Trainer itself: suspended anywhere, it goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path

import torch

TRAINING = """
import os, sys
os.environ["LOCAL_RANK"] = "0"  # what torchrun would add
import torch
from transformers import Trainer, TrainingArguments, set_seed
from hfai.client.checkpoint.transformers import SuspendCallback

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    def forward(self, x, labels):
        scores = self.network(x)
        return {"loss": (scores[:, 0] - labels).pow(2).mean(), "logits": scores}

set_seed(1)
data = [{"x": x, "labels": x.sum()} for x in torch.randn(12, 3)]
options = eval(sys.argv[2]) if len(sys.argv) > 2 else {}
training = TrainingArguments(**{**dict(output_dir=sys.argv[1], num_train_epochs=2, per_device_train_batch_size=2, learning_rate=0.1,
    save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True, dataloader_pin_memory=False), **options})
model = Model()
trainer = Trainer(model, training, train_dataset=data, callbacks=[SuspendCallback()])
trainer.train(resume_from_checkpoint=SuspendCallback.newest(training.output_dir))
torch.save(model.state_dict(), f"{sys.argv[1]}-{os.environ['RANK']}.pt")
"""


def test_after_every_step(launch, tmp_path: Path) -> None:
    """One life per step, and lives of one, two, three steps; with accumulation, with evaluation and other saves."""
    [ended] = launch(str(Path(__file__).with_name("transformers_lives.py")))
    assert ended.status == 0, ended.stderr
    assert ended.stdout.count("same") == 45


def test_two_nodes(launch, tmp_path: Path) -> None:
    """Rank 0 alone is told; both yield at the same step."""
    script = tmp_path / "training.py"
    script.write_text(TRAINING)
    for directory, suspend_after_s in (("undisturbed", 1e6), ("lives", 0), ("lives", 0), ("lives", 1e6)):
        ended = launch(str(script), directory, ranks=2, suspend_after_s=suspend_after_s)
        assert [one.status for one in ended] == [0, 0], "\n".join(one.stderr for one in ended)
        assert {one.is_suspended for one in ended} == {suspend_after_s == 0}
    assert sorted(path.name for path in (tmp_path / "lives").iterdir()) == ["checkpoint-1", "checkpoint-2"]
    for rank in (0, 1):
        expected, found = (torch.load(tmp_path / f"{which}-{rank}.pt", weights_only=True) for which in ("undisturbed", "lives"))
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_the_trainers_own_saves_count_and_torn_ones_do_not(launch, tmp_path: Path) -> None:
    """``save_steps`` checkpoints are sealed too; a folder without seal or with a missing file is passed over."""
    script = tmp_path / "training.py"
    after = """
import shutil, warnings
print(SuspendCallback.newest("saved"))
os.unlink("saved/checkpoint-12/whole.json")
print(SuspendCallback.newest("saved"))
os.unlink("saved/checkpoint-9/optimizer.pt")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(SuspendCallback.newest("saved"))
print(len(caught), SuspendCallback.newest("elsewhere"))
"""
    script.write_text(TRAINING + after)
    [ended] = launch(str(script), "saved", "{'save_strategy': 'steps', 'save_steps': 3}")
    assert ended.status == 0, ended.stderr
    assert ended.stdout.splitlines()[-4:] == ["saved/checkpoint-12", "saved/checkpoint-9", "saved/checkpoint-6", "1 None"]


def test_a_training_that_could_not_be_resumed_is_refused(launch, tmp_path: Path) -> None:
    """At its beginning, not when it is suspended."""
    script = tmp_path / "training.py"
    script.write_text(TRAINING)
    [ended] = launch(str(script), "saved", "{'save_only_model': True}")
    assert ended.status != 0
    assert "save_only_model leaves out the optimizer" in ended.stderr
