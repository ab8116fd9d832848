"""Run by test_transformers.py: trains over and over in one process, suspended after each possible step in turn.

A control page takes the platform's place: the flag on it is raised after step K. ``go_suspend`` ends a simulation by
SystemExit, which is caught here, so that the next life can begin without importing everything again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hfai.model import control

PAGE = Path("control")
PAGE.write_bytes(control.MAGIC.ljust(control.SIZE_BYTES, b"\0"))
os.environ["HFAI_CONTROL"] = str(PAGE)

import torch  # noqa: E402
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed  # noqa: E402

from hfai.client import receive_suspend_command  # noqa: E402
from hfai.client.checkpoint.transformers import SuspendCallback  # noqa: E402

receive_suspend_command()  # opens the page
os.environ["HFAI_SIMULATE"] = "1"  # what go_suspend asks


def flag(value: int) -> None:
    with PAGE.open("rb+") as page:
        page.seek(control.SUSPEND)
        page.write(bytes([value]))


class RaiseAt(TrainerCallback):
    """Before SuspendCallback, after the optimizer step that is number ``step`` of this life."""

    def __init__(self, step: int) -> None:
        self.left = step

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.left -= 1
        if self.left == 0:
            flag(1)


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))

    def forward(self, x: Any, labels: Any) -> dict[str, Any]:
        scores = self.network(x)
        return {"loss": (scores[:, 0] - labels).pow(2).mean(), "logits": scores}


def live(directory: str, suspend_after: int, options: dict[str, Any]) -> Model | None:
    """One life; None if it was suspended."""
    flag(0)
    set_seed(1)
    data = [{"x": x, "labels": x.sum()} for x in torch.randn(12, 3)]
    training = TrainingArguments(
        output_dir=directory,
        num_train_epochs=3,
        per_device_train_batch_size=3,
        learning_rate=0.1,
        save_total_limit=2,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        **{"save_strategy": "no", **options},
    )
    model = Model()
    trainer = Trainer(model, training, train_dataset=data, eval_dataset=data, callbacks=[RaiseAt(suspend_after), SuspendCallback()])
    try:
        trainer.train(resume_from_checkpoint=SuspendCallback.newest(directory))
    except SystemExit as end:
        assert end.code == 0
        return None
    return model


def main() -> None:
    variants: list[dict[str, Any]] = [
        {},
        {"gradient_accumulation_steps": 3},
        {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "epoch"},
    ]
    for options in variants:
        expected = live("undisturbed", 0, options)
        shutil.rmtree("undisturbed", ignore_errors=True)
        assert expected is not None
        # After each step once, then lives of one, two, three steps.
        for plan in [*([after, 0] for after in range(1, 13)), [1] * 13, [2] * 7, [3] * 5]:
            lives = [live("lives", after, options) for after in plan]
            found = next((one for one in lives if one is not None), None)
            assert found is not None
            for name, tensor in expected.state_dict().items():
                assert torch.equal(tensor, found.state_dict()[name]), f"{plan}, {options}: {name} differs"
            print("same", plan, options, lives.index(found), flush=True)
            shutil.rmtree("lives", ignore_errors=True)


if __name__ == "__main__":
    main()
