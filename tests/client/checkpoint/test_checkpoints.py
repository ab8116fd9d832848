"""One process: what is loaded is the newest whole checkpoint, whatever happened to the files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from hfai.client.checkpoint import ArraysCodec, Checkpoints
from hfai.model.errors import HfaiError, UsageError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Odd on purpose."""
    return tmp_path / "my 'runs'\n" / "exp"


def parts(directory: Path, step: int) -> list[Path]:
    return sorted((directory / f"step-{step:012d}").glob("part-*"))


def test_nothing_there(directory: Path) -> None:
    """The first run: no directory yet, and loading does not make one."""
    assert Checkpoints(directory).load_newest() is None
    assert not directory.exists()


def test_saved_and_loaded_by_another_object(directory: Path) -> None:
    """As a new process would."""
    weights = np.arange(6.0).reshape(2, 3)
    Checkpoints(directory).save({"weights": weights, "epoch": 3}, 7)
    found = Checkpoints(directory).load_newest()
    assert found is not None
    state, step = found
    assert step == 7
    assert state["epoch"] == 3
    np.testing.assert_array_equal(state["weights"], weights)


def test_the_highest_step_wins_and_keep_are_kept(directory: Path) -> None:
    """By number, not by name or time; the older ones go."""
    checkpoints = Checkpoints(directory, keep=2)
    for step in (8, 9, 10, 11):
        checkpoints.save([step], step)
    assert checkpoints.load_newest() == ([11], 11)
    assert sorted(path.name for path in directory.iterdir()) == ["step-000000000010", "step-000000000011"]
    assert sum(1 for path in directory.rglob("*") if path.is_file()) == 4


def test_a_step_saved_again_is_replaced(directory: Path) -> None:
    """With one part in the end."""
    checkpoints = Checkpoints(directory)
    checkpoints.save("first", 1)
    checkpoints.save("second", 1)
    assert checkpoints.load_newest() == ("second", 1)
    assert len(parts(directory, 1)) == 1


def cut(directory: Path) -> None:
    [part] = parts(directory, 2)
    part.write_bytes(part.read_bytes()[:-1])


def change_a_bit(directory: Path) -> None:
    [part] = parts(directory, 2)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


def lose(directory: Path) -> None:
    [part] = parts(directory, 2)
    part.unlink()


@pytest.mark.parametrize("damage", [cut, change_a_bit, lose])
def test_a_damaged_one_is_passed_over_aloud(directory: Path, damage: Callable[[Path], None]) -> None:
    """The one before it is whole; the next saves make sure that two whole ones are kept, not the damaged one."""
    checkpoints = Checkpoints(directory, keep=2)
    checkpoints.save("one", 1)
    checkpoints.save("two", 2)
    damage(directory)
    with pytest.warns(RuntimeWarning, match="is damaged"):
        assert checkpoints.load_newest() == ("one", 1)
    checkpoints.save("again", 1)
    assert [path.name for path in directory.iterdir()] == ["step-000000000001"]


@pytest.mark.parametrize("manifest", [None, b"", b"{", b"[]", b'{"format": 2}', b"\xff"])
def test_a_save_that_did_not_end_is_no_checkpoint(directory: Path, manifest: bytes | None) -> None:
    """It is left-over work, passed over in silence and removed by the next save."""
    checkpoints = Checkpoints(directory)
    checkpoints.save("one", 1)
    checkpoints.save("two", 2)
    whole = directory / "step-000000000002" / "whole.json"
    whole.unlink()
    if manifest is not None:
        whole.write_bytes(manifest)
    assert checkpoints.load_newest() == ("one", 1)
    checkpoints.save("three", 3)
    assert not whole.parent.exists()


def test_without_checksum_the_size_is_compared(directory: Path) -> None:
    """Faster, and still no torn file."""
    checkpoints = Checkpoints(directory, checksum=False)
    checkpoints.save("one", 1)
    checkpoints.save("two", 2)
    assert json.loads((directory / "step-000000000002" / "whole.json").read_bytes())["files"][0]["sha256"] == ""
    cut(directory)
    with pytest.warns(RuntimeWarning, match="bytes instead of"):
        assert checkpoints.load_newest() == ("one", 1)


def test_a_state_that_cannot_be_saved_changes_nothing(directory: Path) -> None:
    """It says where the value is; the older checkpoint and no other file is there."""
    checkpoints = Checkpoints(directory)
    checkpoints.save("one", 1)
    with pytest.raises(UsageError, match=r"state\['a'\]\[1\] is a builtins.object"):
        checkpoints.save({"a": [1, object()]}, 2)
    assert parts(directory, 2) == []
    assert checkpoints.load_newest() == ("one", 1)


def test_a_folder_that_cannot_be_made_changes_nothing(directory: Path) -> None:
    """A file stands where the folder should be."""
    checkpoints = Checkpoints(directory)
    checkpoints.save("one", 1)
    (directory / "step-000000000002").write_text("in the way")
    with pytest.raises(FileExistsError):
        checkpoints.save("two", 2)
    assert checkpoints.load_newest() == ("one", 1)


def test_other_ranks_without_a_group_read_only(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes must not write the same checkpoint."""
    monkeypatch.setenv("RANK", "1")
    Checkpoints(directory).save("one", 1)
    assert not directory.exists()
    monkeypatch.setenv("RANK", "0")
    Checkpoints(directory).save("one", 1)
    monkeypatch.setenv("RANK", "1")
    assert Checkpoints(directory).load_newest() == ("one", 1)


def test_wrong_use_is_said(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match="keep is 0"):
        Checkpoints(directory, keep=0)
    with pytest.raises(UsageError, match="step is -1"):
        Checkpoints(directory).save("x", -1)
    with pytest.raises(UsageError, match="not initialised"):
        Checkpoints(directory, group=object()).save("x", 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="need torch"):
        Checkpoints(directory, sharded=True).save("x", 1)
    assert not directory.exists()


class Text:
    """A codec of one's own."""

    suffix = ".txt"

    def write(self, state: Any, path: Path) -> None:
        path.write_text(state)

    def read(self, path: Path) -> Any:
        return path.read_text()


def test_a_codec_of_ones_own(directory: Path) -> None:
    """And without it, its files are refused rather than passed over: the training must not begin anew."""
    Checkpoints(directory, codec=Text()).save("plain", 1)
    assert Checkpoints(directory, codec=Text()).load_newest() == ("plain", 1)
    assert parts(directory, 1)[0].read_text() == "plain"
    with pytest.raises(HfaiError, match="no codec for"):
        Checkpoints(directory, codec=ArraysCodec()).load_newest()


def test_importing_it_loads_no_framework() -> None:
    """Only what is used is loaded, and only when."""
    code = "import sys, hfai.client.checkpoint; print({'torch', 'numpy', 'lightning', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
