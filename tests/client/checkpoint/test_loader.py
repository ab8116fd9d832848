"""The loader: every epoch whole, each in its own order, resumed anywhere."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
import torch
from torch.utils.data import TensorDataset

from hfai.client.checkpoint.loader import ResumableLoader
from hfai.model.errors import UsageError

DATA = TensorDataset(torch.arange(10))


def epochs(loader: Any, number: int) -> list[list[int]]:
    return [batch.tolist() for _ in range(number) for [batch] in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_resumed_after_any_batch_the_rest_is_the_same(workers: int, shuffle: bool) -> None:
    """Also where workers had already prefetched what comes next."""
    options: dict[str, Any] = {"batch_size": 3, "shuffle": shuffle, "seed": 5}
    expected = epochs(ResumableLoader(DATA, **options), 2)
    assert sorted(chain(*expected[:4])) == sorted(chain(*expected[4:])) == list(range(10))
    assert (expected[:4] != expected[4:]) == shuffle
    for stop in range(0, 8, 1 if not workers else 3):
        loader = ResumableLoader(DATA, **options, num_workers=workers)
        seen: list[list[int]] = []
        while len(seen) < stop:
            for [batch] in loader:
                seen.append(batch.tolist())
                if len(seen) == stop:
                    break
        again = ResumableLoader(DATA, **options)
        again.load_state_dict(loader.state_dict())
        while again.epoch < 2:
            seen += epochs(again, 1)
        assert seen == expected


def test_ranks_share_an_epoch() -> None:
    """All samples, as many batches on each rank; one is used twice where they do not divide evenly."""
    loaders = [ResumableLoader(DATA, 2, seed=1, rank=rank, world_size=3) for rank in range(3)]
    taken = [epochs(loader, 1) for loader in loaders]
    assert [len(batches) for batches in taken] == [2, 2, 2]
    everything = [index for batches in taken for batch in batches for index in batch]
    assert len(everything) == 12
    assert set(everything) == set(range(10))


def test_it_leaves_the_global_generator_alone() -> None:
    """Otherwise dropout would differ after a restart."""
    before = torch.get_rng_state()
    epochs(ResumableLoader(DATA, 3), 2)
    assert torch.equal(torch.get_rng_state(), before)


def test_drop_last_and_wrong_use() -> None:
    """A loop over epochs must not turn for ever on a loader without batches."""
    assert len(ResumableLoader(DATA, 3, drop_last=True)) == len(epochs(ResumableLoader(DATA, 3, drop_last=True), 1)) == 3
    with pytest.raises(UsageError, match="make no batch of 11"):
        ResumableLoader(DATA, 11, drop_last=True)
    with pytest.raises(UsageError, match="rank 2 is not one of 2"):
        ResumableLoader(DATA, rank=2, world_size=2)
