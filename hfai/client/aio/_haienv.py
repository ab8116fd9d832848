"""The calls for environments that travel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hfai.client as sync

if TYPE_CHECKING:
    from hfai.client import EnvironmentTravel
    from hfai.haienv import Environment


async def push_haienv(name: str, **options: Any) -> EnvironmentTravel:
    """See :func:`hfai.client.push_haienv`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.push_haienv, name, **options)


async def pull_haienv(name: str, **options: Any) -> EnvironmentTravel:
    """See :func:`hfai.client.pull_haienv`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.pull_haienv, name, **options)


async def list_haienvs() -> list[Environment]:
    """See :func:`hfai.client.list_haienvs`."""
    return await asyncio.to_thread(sync.list_haienvs)


async def remove_haienv(name: str) -> None:
    """See :func:`hfai.client.remove_haienv`."""
    await asyncio.to_thread(sync.remove_haienv, name)
