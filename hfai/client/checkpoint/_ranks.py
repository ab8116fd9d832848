"""The processes that save together: one, or those of a torch process group.

Nothing here imports PyTorch: where a process group exists, the script has imported it already.
"""

from __future__ import annotations

import contextlib
import struct
import sys
import time
from typing import Any, Iterator, Protocol

from hfai.model.errors import UsageError

_LENGTH = struct.Struct("<q")
_LET_GO_S = 0.01


class Ranks(Protocol):
    """What a save needs of its peers; every method must be called by all of them in the same order, and blocks."""

    rank: int
    size: int

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on at least one rank: the same answer on all."""

    def gather(self, record: bytes) -> list[bytes]:
        """What each rank brought, by rank, on all ranks; the lengths may differ."""

    def broadcast(self, record: bytes) -> bytes:
        """What rank 0 brought, on all ranks."""


class Alone:
    """One process without peers."""

    rank = 0
    size = 1

    def any(self, flag: bool) -> bool:
        return flag

    def gather(self, record: bytes) -> list[bytes]:
        return [record]

    def broadcast(self, record: bytes) -> bytes:
        return record


class TorchRanks:
    """The members of a ``torch.distributed`` process group.

    Args:
        group: a process group that this process is a member of; None: the default one.
    """

    def __init__(self, group: Any = None) -> None:
        self._torch: Any = sys.modules["torch"]
        self._dist: Any = sys.modules["torch.distributed"]
        self._group = group
        self.rank: int = self._dist.get_rank(group)
        self.size: int = self._dist.get_world_size(group)
        if self.rank < 0:
            raise UsageError("this process is not a member of the process group it was given: pass one that it is in")
        self._device = self._device_of_group()

    def any(self, flag: bool) -> bool:
        byte = self._torch.tensor([flag], dtype=self._torch.uint8, device=self._device)
        with self._held(byte):
            self._dist.all_reduce(byte, op=self._dist.ReduceOp.MAX, group=self._group)
        return bool(byte.item())

    def gather(self, record: bytes) -> list[bytes]:
        lengths = [_LENGTH.unpack(length)[0] for length in self._gather_equal(_LENGTH.pack(len(record)))]
        if not any(lengths):
            return [b""] * self.size
        padded = self._gather_equal(record.ljust(max(lengths), b"\0"))
        return [one[:length] for one, length in zip(padded, lengths)]

    def broadcast(self, record: bytes) -> bytes:
        return self.gather(record if self.rank == 0 else b"")[0]

    def _gather_equal(self, record: bytes) -> list[bytes]:
        # Tensors of bytes rather than all_gather_object: nothing that comes over the network is unpickled.
        mine = self._torch.frombuffer(bytearray(record), dtype=self._torch.uint8).to(self._device)
        theirs = [self._torch.empty_like(mine) for _ in range(self.size)]
        with self._held(mine, *theirs):
            self._dist.all_gather(theirs, mine, group=self._group)
        return [bytes(one.tolist()) for one in theirs]

    @contextlib.contextmanager
    def _held(self, *tensors: Any) -> Iterator[None]:
        """Return only when Gloo's thread has let go of the tensors.

        It does so a moment after the operation, and needs the GIL for it: a process that ends right then, as go_suspend()
        ends a simulation, is aborted ("terminate called without an active exception", seen with PyTorch 2.13).
        """
        before = [sys.getrefcount(tensor) for tensor in tensors]
        yield
        end = time.monotonic() + _LET_GO_S
        while self._device.type == "cpu" and [sys.getrefcount(tensor) for tensor in tensors] != before and time.monotonic() < end:
            time.sleep(0)

    def _device_of_group(self) -> Any:
        """Where tensors must be for this group: ``cpu:gloo,cuda:nccl`` takes the CPU's, ``cuda:nccl`` its GPU's."""
        kinds = [pair.split(":")[0] for pair in self._dist.get_backend_config(self._group).split(",")]
        if "cpu" in kinds:
            return self._torch.device("cpu")
        if kinds[0] == "cuda":
            return self._torch.device("cuda", self._torch.cuda.current_device())
        return self._torch.device(kinds[0])


def ranks_of(group: Any = None) -> Ranks:
    """The members of ``group``, by default of the default process group; one process alone where there is none.

    Raises:
        UsageError: a group was given but ``torch.distributed`` is not initialised, or this process is not in it.
    """
    dist: Any = sys.modules.get("torch.distributed")
    if dist is not None and dist.is_available() and dist.is_initialized():
        return TorchRanks(group)
    if group is not None:
        raise UsageError("a process group was given, but torch.distributed is not initialised: init_process_group() first")
    return Alone()
