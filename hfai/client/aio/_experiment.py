"""``Experiment`` whose methods are coroutines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, AsyncIterator, Mapping, Optional, Union

import hfai.client as sync

if TYPE_CHECKING:
    from hfai.client import LogLine, Profile


class Experiment:
    """A task chain; attributes are those of :class:`hfai.client.Experiment`.

    Args:
        experiment: the same, synchronous.
    """

    def __init__(self, experiment: sync.Experiment) -> None:
        self._experiment = experiment

    def __repr__(self) -> str:
        return repr(self._experiment)

    def __getattr__(self, name: str) -> Any:
        if name == "_experiment":  # not there yet: asked by copy and pickle
            raise AttributeError(name)
        return getattr(self._experiment, name)

    async def refresh(self) -> Experiment:
        """See :meth:`hfai.client.Experiment.refresh`."""
        await asyncio.to_thread(self._experiment.refresh)
        return self

    async def stop(self, op: str = "stop") -> None:
        """See :meth:`hfai.client.Experiment.stop`."""
        await asyncio.to_thread(self._experiment.stop, op)

    async def suspend(self, restart_delay: int = 0) -> None:
        """See :meth:`hfai.client.Experiment.suspend`."""
        await asyncio.to_thread(self._experiment.suspend, restart_delay)

    async def resume(self) -> Experiment:
        """See :meth:`hfai.client.Experiment.resume`."""
        await asyncio.to_thread(self._experiment.resume)
        return self

    async def set_priority(self, priority: int) -> None:
        """See :meth:`hfai.client.Experiment.set_priority`."""
        await asyncio.to_thread(self._experiment.set_priority, priority)

    async def tag(self, tag: str) -> None:
        """See :meth:`hfai.client.Experiment.tag`."""
        await asyncio.to_thread(self._experiment.tag, tag)

    async def untag(self, tag: str) -> None:
        """See :meth:`hfai.client.Experiment.untag`."""
        await asyncio.to_thread(self._experiment.untag, tag)

    tag_task = tag
    untag_task = untag

    async def wait(self, until: str = "finished", timeout: Optional[float] = None) -> Experiment:
        """See :meth:`hfai.client.Experiment.wait`."""
        await asyncio.to_thread(self._experiment.wait, until, timeout)
        return self

    def logs(self, rank: Union[int, str] = 0, follow: bool = False, **kwargs: Any) -> AsyncIterator[LogLine]:
        """See :meth:`hfai.client.Experiment.logs`."""
        from hfai.client.aio._logs import stream_logs

        return stream_logs(self, rank, follow, **kwargs)

    async def log_ng(self, rank: int, last_seen: Optional[Mapping[str, Any]] = None) -> dict[str, Any]:
        """See :meth:`hfai.client.Experiment.log_ng`."""
        return await asyncio.to_thread(self._experiment.log_ng, rank, last_seen)

    async def log(self, rank: int = 0, last_seen: Optional[Mapping[str, Any]] = None) -> str:
        """See :meth:`hfai.client.Experiment.log`."""
        return await asyncio.to_thread(self._experiment.log, rank, last_seen)

    async def search_in_global(self, content: str) -> list[int]:
        """See :meth:`hfai.client.Experiment.search_in_global`."""
        return await asyncio.to_thread(self._experiment.search_in_global, content)

    async def profile(self, time_s: float = 30.0, **kwargs: Any) -> Profile:
        """See :meth:`hfai.client.Experiment.profile`."""
        from hfai.client.aio._profile import profile

        return await profile(self, time_s, **kwargs)

    async def sys_log(self) -> str:
        """See :meth:`hfai.client.Experiment.sys_log`."""
        return await asyncio.to_thread(self._experiment.sys_log)

    async def container_log(self, rank: int = 0) -> str:
        """See :meth:`hfai.client.Experiment.container_log`."""
        return await asyncio.to_thread(self._experiment.container_log, rank)


AnyExperiment = Union[Experiment, sync.Experiment, int, str]


def plain(experiment: AnyExperiment) -> Union[sync.Experiment, int, str]:
    """What the synchronous calls take."""
    return experiment._experiment if isinstance(experiment, Experiment) else experiment
