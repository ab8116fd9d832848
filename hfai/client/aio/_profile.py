"""``profile`` and ``saved_profile`` as coroutines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Sequence, Union

import hfai.client as sync
from hfai.client.aio._experiment import plain

if TYPE_CHECKING:
    from hfai.client import Profile
    from hfai.client.aio._experiment import AnyExperiment


async def profile(experiment: AnyExperiment, time_s: float = 30.0, **kwargs: Any) -> Profile:
    """See :func:`hfai.client.profile`. Cancelling it ends the profile."""
    profiling = await asyncio.to_thread(sync.start_profile, plain(experiment), time_s, **kwargs)
    try:
        await asyncio.to_thread(lambda: list(profiling))
        return profiling.result()
    finally:
        profiling.close()


async def saved_profile(experiment: AnyExperiment, ranks: Union[int, str, Sequence[int]] = 0) -> Profile:
    """See :func:`hfai.client.saved_profile`."""
    return await asyncio.to_thread(sync.saved_profile, plain(experiment), ranks)
