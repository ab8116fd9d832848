"""Ranks that do something together all succeed or all raise: none is left waiting for one that has failed."""

from __future__ import annotations

from typing import Callable, Optional, TypeVar

from hfai.client.checkpoint._ranks import Ranks
from hfai.model.errors import HfaiError

T = TypeVar("T")


def together(ranks: Ranks, what: str, do: Callable[[], bytes]) -> list[bytes]:
    """Run ``do`` on every rank and hand each what all of them returned, by rank.

    Raises:
        the error of this rank, if it has failed; HfaiError naming the others, if only those have.
    """
    failure: Optional[Exception] = None
    record = b""
    try:
        record = b"+" + do()
    except Exception as error:
        failure = error
        record = b"-" + str(error).encode()[:2000]
    records = ranks.gather(record)
    if failure is not None:
        raise failure
    failed = {rank: one[1:].decode(errors="replace") for rank, one in enumerate(records) if one[:1] == b"-"}
    if failed:
        rank = min(failed)
        raise HfaiError("{what} failed on rank {rank}: {reason}", what=what, rank=rank, ranks=sorted(failed), reason=failed[rank])
    return [one[1:] for one in records]


def on_first(ranks: Ranks, what: str, do: Callable[[], T]) -> Optional[T]:
    """Run ``do`` on rank 0 while the others wait; they get None. Raises as :func:`together`."""
    result: list[T] = []

    def act() -> bytes:
        if ranks.rank == 0:
            result.append(do())
        return b""

    together(ranks, what, act)
    return result[0] if result else None
