"""The calls for workspaces."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hfai.client as sync

if TYPE_CHECKING:
    from hfai.client import PullResult, PushResult, WorkspaceDiff, WorkspaceInfo
    from hfai.client._workspace.push import Directory


async def init_workspace(name: str, directory: Directory = None) -> tuple[WorkspaceInfo, bool]:
    """See :func:`hfai.client.init_workspace`."""
    return await asyncio.to_thread(sync.init_workspace, name, directory)


async def list_workspaces() -> list[WorkspaceInfo]:
    """See :func:`hfai.client.list_workspaces`."""
    return await asyncio.to_thread(sync.list_workspaces)


async def remove_workspace(name: str) -> None:
    """See :func:`hfai.client.remove_workspace`."""
    await asyncio.to_thread(sync.remove_workspace, name)


async def push_workspace(directory: Directory = None, **options: Any) -> PushResult:
    """See :func:`hfai.client.push_workspace`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.push_workspace, directory, **options)


async def pull_workspace(directory: Directory = None, **options: Any) -> PullResult:
    """See :func:`hfai.client.pull_workspace`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.pull_workspace, directory, **options)


async def download_workspace(path: str, directory: Directory = None, **options: Any) -> PullResult:
    """See :func:`hfai.client.download_workspace`. Cancelling it lets its threads finish what they are at."""
    return await asyncio.to_thread(sync.download_workspace, path, directory, **options)


async def diff_workspace(directory: Directory = None, **options: Any) -> WorkspaceDiff:
    """See :func:`hfai.client.diff_workspace`."""
    return await asyncio.to_thread(sync.diff_workspace, directory, **options)
