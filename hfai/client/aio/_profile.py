"""``profile`` as a coroutine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

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
