"""Several ranks over a real process group: one answer, one checkpoint, and nobody left waiting."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

PROLOGUE = """
import os, sys, warnings
import torch
import torch.distributed as dist
from hfai.client.checkpoint import Checkpoints, should_suspend
from hfai.model.errors import HfaiError, UsageError

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
"""


@pytest.fixture
def on_ranks(launch, tmp_path: Path):
    """Run the lines on so many ranks; what each printed, by rank. All must end with 0."""

    def run(lines: str, *, ranks: int = 2, suspend_after_s: float | None = None) -> list[list[str]]:
        script = tmp_path / "script.py"
        script.write_text(PROLOGUE + dedent(lines) + "\ndist.destroy_process_group()\n")
        ended = launch(str(script), ranks=ranks, suspend_after_s=suspend_after_s)
        assert [one.status for one in ended] == [0] * ranks, "\n".join(one.stderr for one in ended)
        return [one.stdout.splitlines() for one in ended]

    return run


def test_all_ranks_learn_it_at_the_same_step(on_ranks) -> None:
    """Rank 0 alone is told; each rank counts how often it was answered no. A second group does as well."""
    printed = on_ranks(
        """
        second = dist.new_group(backend="gloo")
        step = 0
        while not should_suspend(second if step % 2 else None):
            step += 1
        print(step, should_suspend(), should_suspend(second))
        """,
        ranks=3,
        suspend_after_s=0.2,
    )
    assert printed[0] == printed[1] == printed[2]
    assert printed[0][0].endswith("True True")
    assert int(printed[0][0].split()[0]) > 0


def test_rank_0_writes_and_all_read(on_ranks) -> None:
    """One part; what the others hand in is not looked at."""
    printed = on_ranks(
        """
        checkpoints = Checkpoints("saved")
        assert checkpoints.load_newest() is None
        folder = checkpoints.save({"from": torch.tensor(rank)} if rank == 0 else object(), 4)
        print(len(list(folder.glob("part-*"))), checkpoints.load_newest())
        """
    )
    assert printed == [["1 ({'from': tensor(0)}, 4)"]] * 2


def test_each_rank_its_own_part(on_ranks) -> None:
    """Sharded: whole only with all parts; a damaged part of one rank makes all go back to the same step."""
    printed = on_ranks(
        """
        checkpoints = Checkpoints("saved", sharded=True)
        for step in (1, 2, 3):
            folder = checkpoints.save([rank, "x" * 1000 * rank], step)
        dist.barrier()
        if rank == 1:
            next(folder.glob("part-1-of-2-*")).write_text("damaged")
        dist.barrier()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            state, step = checkpoints.load_newest()
        print(state[0], len(state[1]), step, len(caught), "part-1" in str(caught[0].message))
        """
    )
    assert printed == [["0 0 2 1 True"], ["1 1000 2 1 True"]]


@pytest.mark.parametrize(
    ("state", "mine", "theirs"),
    [("object() if rank == 1 else 1", "UsageError", "saving failed on rank 1"), ("1", "", "")],
)
def test_a_failure_of_one_fails_all(on_ranks, state: str, mine: str, theirs: str) -> None:
    """None waits for ever; no rank believes that it was saved; the next save works."""
    printed = on_ranks(
        f"""
        checkpoints = Checkpoints("saved", sharded=True)
        try:
            checkpoints.save({state}, 1)
            print("saved")
        except HfaiError as error:
            print(type(error).__name__, error)
        checkpoints.save("good", 2)
        print(checkpoints.load_newest())
        """
    )
    if not mine:
        assert printed == [["saved", "('good', 2)"]] * 2
        return
    assert printed[1][0].startswith(mine)
    assert theirs in printed[0][0]
    assert printed[0][1] == printed[1][1] == "('good', 2)"


def test_ranks_at_different_steps(on_ranks) -> None:
    """A mistake in the script that must not become a checkpoint."""
    printed = on_ranks(
        """
        checkpoints = Checkpoints("saved", sharded=True)
        try:
            checkpoints.save("x", 1 + rank)
        except HfaiError as error:
            print(error)
        print(checkpoints.load_newest())
        """
    )
    for lines in printed:
        assert "the ranks save different steps: [1, 2]" in lines[0]
        assert lines[1] == "None"


def test_a_directory_that_is_not_shared(on_ranks) -> None:
    """Each node has its own: said at the first save, not found out at the restart."""
    printed = on_ranks(
        """
        try:
            Checkpoints(f"saved-{rank}", sharded=True).save("x", 1)
        except HfaiError as error:
            print(error)
        """
    )
    assert all("must be one that all ranks share" in lines[0] for lines in printed)


def test_another_number_of_ranks(on_ranks) -> None:
    """Parts cannot be dealt out again: an error, not a new training. A checkpoint of rank 0 alone serves any number."""
    on_ranks('Checkpoints("parts", sharded=True).save("x", 1); Checkpoints("one").save("y", 1)')
    printed = on_ranks(
        """
        try:
            Checkpoints("parts", sharded=True).load_newest()
        except HfaiError as error:
            print(error)
        print(Checkpoints("one").load_newest())
        """,
        ranks=3,
    )
    for lines in printed:
        assert "saved in 2 parts, but 3 would be read" in lines[0]
        assert lines[1] == "('y', 1)"


def test_a_process_outside_the_group(on_ranks) -> None:
    """Said, instead of hanging the members."""
    printed = on_ranks(
        """
        group = dist.new_group([0])
        try:
            print(should_suspend(group))
        except UsageError as error:
            print(error)
        """
    )
    assert printed[0] == ["False"]
    assert "not a member" in printed[1][0]
