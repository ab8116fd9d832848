"""The calls that answer once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

import hfai.client as sync
from hfai.client._init import Initialised
from hfai.client.aio._experiment import Experiment, plain

if TYPE_CHECKING:
    from hfai.client import (
        ClusterOverview,
        NodeInfo,
        NodeReport,
        Quota,
        Status,
        StorageOverview,
        TaskOverview,
        UserInfo,
        WhoAmI,
    )
    from hfai.client.aio._experiment import AnyExperiment
    from hfai.model.taskfile import TaskFileSource


async def create_experiment_v2(config: TaskFileSource, **kwargs: Any) -> Union[Experiment, dict[str, Any]]:
    """See :func:`hfai.client.create_experiment_v2`; a dict only with ``dry_run=True``."""

    def submit() -> Union[sync.Experiment, dict[str, Any]]:
        submitted: Union[sync.Experiment, dict[str, Any]] = sync.create_experiment_v2(config, **kwargs)
        return submitted

    task = await asyncio.to_thread(submit)
    return Experiment(task) if isinstance(task, sync.Experiment) else task


create_experiment = create_experiment_v2


async def get_experiment(
    name: Optional[str] = None, id: Optional[int] = None, chain_id: Optional[str] = None
) -> Experiment:
    """See :func:`hfai.client.get_experiment`."""
    return Experiment(await asyncio.to_thread(sync.get_experiment, name, id, chain_id))


async def get_experiments(page: int, page_size: int, *args: Any, **kwargs: Any) -> tuple[int, list[Experiment]]:
    """See :func:`hfai.client.get_experiments`."""
    total, tasks = await asyncio.to_thread(sync.get_experiments, page, page_size, *args, **kwargs)
    return total, [Experiment(task) for task in tasks]


async def get_status(experiment: AnyExperiment) -> Status:
    """See :func:`hfai.client.get_status`."""
    return await asyncio.to_thread(sync.get_status, plain(experiment))


async def wait(experiment: AnyExperiment, until: str = "finished", timeout: Optional[float] = None) -> Experiment:
    """See :func:`hfai.client.wait`. Cancelling it leaves its thread waiting for the answer that is under way."""
    return Experiment(await asyncio.to_thread(sync.wait, plain(experiment), until, timeout))


async def resolve(text: str, kind: str = "auto") -> Experiment:
    """See :func:`hfai.client.resolve`."""
    return Experiment(await asyncio.to_thread(sync.resolve, text, kind))


async def nodes() -> list[NodeInfo]:
    """See :func:`hfai.client.nodes`."""
    return await asyncio.to_thread(sync.nodes)


async def cordon_node(name: str, reason: str = "") -> NodeInfo:
    """See :func:`hfai.client.cordon_node`."""
    return await asyncio.to_thread(sync.cordon_node, name, reason)


async def uncordon_node(name: str) -> NodeInfo:
    """See :func:`hfai.client.uncordon_node`."""
    return await asyncio.to_thread(sync.uncordon_node, name)


async def validate(experiment: AnyExperiment, ranks: Optional[Sequence[int]] = None, **kwargs: Any) -> list[NodeReport]:
    """See :func:`hfai.client.validate`. Cancelling it leaves its thread waiting for the answer that is under way."""
    return await asyncio.to_thread(sync.validate, plain(experiment), ranks, **kwargs)


async def validate_nodes(names: Sequence[str], **kwargs: Any) -> list[NodeReport]:
    """See :func:`hfai.client.validate_nodes`. Cancelling it leaves its thread waiting for the answer that is under way."""
    return await asyncio.to_thread(sync.validate_nodes, names, **kwargs)


async def user_info() -> UserInfo:
    """See :func:`hfai.client.user_info`."""
    return await asyncio.to_thread(sync.user_info)


async def quota_overview(user_name: Optional[str] = None) -> list[Quota]:
    """See :func:`hfai.client.quota_overview`."""
    return await asyncio.to_thread(sync.quota_overview, user_name)


async def cluster_overview(start_engine: bool = True) -> ClusterOverview:
    """See :func:`hfai.client.cluster_overview`."""
    return await asyncio.to_thread(sync.cluster_overview, start_engine)


async def task_overview(limit: int = 100, start_engine: bool = True) -> TaskOverview:
    """See :func:`hfai.client.task_overview`."""
    return await asyncio.to_thread(sync.task_overview, limit, start_engine)


async def storage_overview() -> StorageOverview:
    """See :func:`hfai.client.storage_overview`."""
    return await asyncio.to_thread(sync.storage_overview)


async def whoami() -> WhoAmI:
    """See :func:`hfai.client.whoami`."""
    return await asyncio.to_thread(sync.whoami)


async def init(token: str, url: Optional[str] = None, context: Optional[str] = None) -> Initialised:
    """See :func:`hfai.client.init`."""
    return await asyncio.to_thread(sync.init, token, url, context)
