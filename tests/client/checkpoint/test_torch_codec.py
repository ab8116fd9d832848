"""States with tensors: weights, optimizers, schedulers; never an unrestricted pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hfai.client.checkpoint import Checkpoints, TorchCodec
from hfai.model.errors import HfaiError, UsageError


class Configuration:
    """A class of the user's."""

    def __init__(self) -> None:
        self.width = 3


def test_a_whole_training_state(tmp_path: Path) -> None:
    """Model, Adam, scheduler, arrays, numbers; the codec is chosen by the tensors inside."""
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule.step()
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "array": np.arange(3.0),
        "number": np.float32(2.5),
        "names": np.array(["a", "bc"]),
        "best": (0.5, None),
    }
    folder = Checkpoints(tmp_path).save(state, 1)
    assert [path.suffix for path in folder.glob("part-*")] == [".pt"]
    found = Checkpoints(tmp_path).load_newest()
    assert found is not None
    loaded = found[0]
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded["model"][name], tensor)
    optimizer.load_state_dict(loaded["optimizer"])
    schedule.load_state_dict(loaded["schedule"])
    np.testing.assert_array_equal(loaded["array"], state["array"])
    assert loaded["names"].tolist() == ["a", "bc"]
    assert (loaded["best"], loaded["number"], loaded["half"].dtype) == ((0.5, None), 2.5, torch.bfloat16)


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    """The error comes while the training is still there, not at the restart."""
    checkpoints = Checkpoints(tmp_path)
    state = {"w": torch.ones(1), "c": Configuration()}
    with pytest.raises(UsageError, match=r"Configuration.*allow"):
        checkpoints.save(state, 1)
    assert checkpoints.load_newest() is None


def test_a_class_may_be_allowed(tmp_path: Path) -> None:
    """Then, and only then, it is loaded; without the allowance the loading fails aloud instead of starting anew."""
    allowing = Checkpoints(tmp_path, codec=TorchCodec(allow=[Configuration]))
    allowing.save({"w": torch.ones(1), "c": Configuration()}, 1)
    found = allowing.load_newest()
    assert found is not None
    assert found[0]["c"].width == 3
    with pytest.raises(HfaiError, match="cannot be loaded"):
        Checkpoints(tmp_path).load_newest()


class Trap:
    def __reduce__(self) -> Any:
        return print, ("a pickle was run",)


def test_a_pickle_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file from somebody else cannot run code."""
    path = tmp_path / "trap.pt"
    torch.save({"a": Trap()}, path)
    with pytest.raises(HfaiError, match="cannot be loaded"):
        TorchCodec().read(path)
    assert capsys.readouterr().out == ""
