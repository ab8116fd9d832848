"""The calls for environments that travel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hfai.client as sync

if TYPE_CHECKING:
    from hfai.client import EnvironmentTravel


async def push_haienv(name: str, **options: Any) -> EnvironmentTravel:
    """See :func:`hfai.client.push_haienv`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.push_haienv, name, **options)


async def pull_haienv(name: str, **options: Any) -> EnvironmentTravel:
    """See :func:`hfai.client.pull_haienv`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.pull_haienv, name, **options)
