"""A PyTorch DataLoader that goes on in the middle of an epoch, in the same order and without reading what was done."""

from __future__ import annotations

from typing import Any, Iterator

import torch
from torch.utils.data import DataLoader, Sampler

from hfai.model.errors import UsageError


class ResumableLoader(DataLoader):  # type: ignore[misc]
    """Batches in an order that depends on ``seed`` and epoch only, from the place where ``load_state_dict`` put it.

    Each ``for batch in loader`` is one epoch, or the rest of one after a restart; the next begins the next epoch. It counts
    what the loop received, not what workers have prefetched, and draws nothing from the global random generator. Its
    ``state_dict`` and ``load_state_dict`` are what PyTorch Lightning looks for; there, with several ranks, use
    ``Trainer(use_distributed_sampler=False)`` and give ``rank`` and ``world_size`` here.

    Args:
        dataset: with a length.
        batch_size: samples per batch and rank.
        shuffle: another order in each epoch; False: the order of the dataset.
        seed: of the orders; the same on all ranks.
        drop_last: leave out the last batch of an epoch if it is smaller.
        rank: which of the parts is this process's, from 0.
        world_size: number of parts; where samples do not divide evenly, some are used twice, so that all ranks have the same
            number of batches.
        options: further arguments of ``torch.utils.data.DataLoader``, such as ``num_workers``; not ``sampler`` or
            ``batch_sampler``.

    Raises:
        UsageError: ``rank`` is not one of ``world_size``, or an epoch would have no batch.

    Example:
        >>> loader = ResumableLoader(dataset, batch_size=32, seed=1)  # doctest: +SKIP
        >>> loader.load_state_dict(state["loader"])  # doctest: +SKIP
        >>> while loader.epoch < epochs:  # doctest: +SKIP
        ...     for batch in loader:
        ...         train(batch)
        ...         checkpoints.save({"loader": loader.state_dict()}, step)
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
        **options: Any,
    ) -> None:
        if not 0 <= rank < world_size:
            raise UsageError("rank {rank} is not one of {world_size} ranks", rank=rank, world_size=world_size)
        self._order = _Order(len(dataset), batch_size, shuffle, seed, drop_last, rank, world_size)
        if not len(self._order):
            raise UsageError("{samples} samples make no batch of {size}", samples=len(dataset), size=batch_size)
        # Its own generator: DataLoader would otherwise draw the workers' seed from the global one at each epoch.
        options.setdefault("generator", torch.Generator().manual_seed(seed))
        super().__init__(dataset, batch_sampler=self._order, **options)

    @property
    def epoch(self) -> int:
        """Epochs that were gone through whole."""
        return self._order.epoch

    def __iter__(self) -> Iterator[Any]:
        order = self._order
        self.generator.manual_seed(_mixed(order.seed, order.epoch, order.rank))
        batches = super().__iter__()
        for number, batch in enumerate(batches, start=order.position + 1):
            # Before the batch is handed out: a loop that saves after its step has this batch behind it.
            order.position = number
            if number == len(order):
                order.epoch, order.position = order.epoch + 1, 0
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Where it is: whole epochs, and batches of the current one that the loop has received."""
        return {"epoch": self._order.epoch, "position": self._order.position, "seed": self._order.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from there, at the next ``iter()``; raises KeyError for something else."""
        self._order.epoch, self._order.position, self._order.seed = state["epoch"], state["position"], state["seed"]


class _Order(Sampler):  # type: ignore[misc]
    """The indices of each batch of the current epoch, from the current position on."""

    def __init__(
        self, samples: int, batch_size: int, shuffle: bool, seed: int, drop_last: bool, rank: int, world_size: int
    ) -> None:
        self.samples, self.batch_size, self.shuffle, self.seed = samples, batch_size, shuffle, seed
        self.drop_last, self.rank, self.world_size = drop_last, rank, world_size
        self.epoch = self.position = 0

    def __len__(self) -> int:
        mine = -(-self.samples // self.world_size)
        return mine // self.batch_size if self.drop_last else -(-mine // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self.samples))
        if self.shuffle:
            generator = torch.Generator().manual_seed(_mixed(self.seed, self.epoch))
            order = torch.randperm(self.samples, generator=generator).tolist()
        order += order[: -len(order) % self.world_size]
        mine = order[self.rank :: self.world_size]
        for batch in range(self.position, len(self)):
            yield mine[batch * self.batch_size : (batch + 1) * self.batch_size]


def _mixed(*numbers: int) -> int:
    """One seed of several, the same with every Python."""
    mixed = 0
    for number in numbers:
        mixed = (mixed * 1_000_003 + number) % 2**63
    return mixed
