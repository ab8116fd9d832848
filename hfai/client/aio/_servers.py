"""Servers: which there are and what answers there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Optional

import hfai.client as sync

if TYPE_CHECKING:
    from hfai.client import Context, ServerInfo


async def contexts() -> list[Context]:
    """See :func:`hfai.client.contexts`."""
    return await asyncio.to_thread(sync.contexts)


async def use_context(name: str) -> Context:
    """See :func:`hfai.client.use_context`."""
    return await asyncio.to_thread(sync.use_context, name)


async def remove_context(name: str) -> Context:
    """See :func:`hfai.client.remove_context`."""
    return await asyncio.to_thread(sync.remove_context, name)


async def server_info() -> Optional[ServerInfo]:
    """See :func:`hfai.client.server_info`."""
    return await asyncio.to_thread(sync.server_info)
