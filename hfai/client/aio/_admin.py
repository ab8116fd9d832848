"""Users, tokens and quotas."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Iterable, Optional, Union

import hfai.client as sync

if TYPE_CHECKING:
    from datetime import datetime

    from hfai.client import NewToken, NewUser, PlatformUser, QuotaRow, TokenInfo


async def platform_users() -> list[PlatformUser]:
    """See :func:`hfai.client.platform_users`."""
    return await asyncio.to_thread(sync.platform_users)


async def add_user(
    name: str,
    role: str = "user",
    groups: Iterable[str] = (),
    unix_name: Optional[str] = None,
    expire_at: Optional[datetime] = None,
) -> NewUser:
    """See :func:`hfai.client.add_user`."""
    return await asyncio.to_thread(sync.add_user, name, role, groups, unix_name, expire_at)


async def remove_user(name: str) -> PlatformUser:
    """See :func:`hfai.client.remove_user`."""
    return await asyncio.to_thread(sync.remove_user, name)


async def access_tokens(user_name: Optional[str] = None) -> list[TokenInfo]:
    """See :func:`hfai.client.access_tokens`."""
    return await asyncio.to_thread(sync.access_tokens, user_name)


async def create_access_token(user_name: str, expire_at: Optional[datetime] = None) -> NewToken:
    """See :func:`hfai.client.create_access_token`."""
    return await asyncio.to_thread(sync.create_access_token, user_name, expire_at)


async def revoke_access_token(token: Union[int, str]) -> Optional[TokenInfo]:
    """See :func:`hfai.client.revoke_access_token`."""
    return await asyncio.to_thread(sync.revoke_access_token, token)


async def quota_rows() -> list[QuotaRow]:
    """See :func:`hfai.client.quota_rows`."""
    return await asyncio.to_thread(sync.quota_rows)


async def set_quota(nodes: int, user: str = "*", group: str = "*", priority: Union[str, int] = "*") -> QuotaRow:
    """See :func:`hfai.client.set_quota`."""
    return await asyncio.to_thread(sync.set_quota, nodes, user, group, priority)


async def remove_quota(user: str = "*", group: str = "*", priority: Union[str, int] = "*") -> None:
    """See :func:`hfai.client.remove_quota`."""
    await asyncio.to_thread(sync.remove_quota, user, group, priority)
