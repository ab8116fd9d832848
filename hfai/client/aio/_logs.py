"""The calls that answer as long as there is something to say: a thread reads, the loop gets whole blocks."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, AsyncIterator, Optional, Union

import hfai.client as sync
from hfai.client._log_blocks import LogEvent, LogEvents
from hfai.client._log_lines import LineAssembler
from hfai.client.aio._experiment import plain

if TYPE_CHECKING:
    from hfai.client import LogLine
    from hfai.client.aio._experiment import AnyExperiment


def stream_log_blocks(
    experiment: AnyExperiment, rank: Union[int, str] = 0, follow: bool = False, **kwargs: Any
) -> AsyncIterator[LogEvent]:
    """See :func:`hfai.client.stream_log_blocks`. Cancelling it, or ``aclose``, gives its connection back."""
    return _events(sync.stream_log_blocks(plain(experiment), rank, follow, **kwargs))


def stream_logs(
    experiment: AnyExperiment, rank: Union[int, str] = 0, follow: bool = False, **kwargs: Any
) -> AsyncIterator[LogLine]:
    """See :func:`hfai.client.stream_logs`. Cancelling it, or ``aclose``, gives its connection back."""
    return _lines(sync.stream_log_blocks(plain(experiment), rank, follow, **kwargs))


async def _events(events: LogEvents) -> AsyncIterator[LogEvent]:
    loop = asyncio.get_running_loop()
    # A thread of its own: a follower may wait for days, and the loop's threads are few.
    pool = ThreadPoolExecutor(1, thread_name_prefix="hfai-log")
    try:
        while True:
            event: Optional[LogEvent] = await loop.run_in_executor(pool, next, events, None)
            if event is None:
                return
            yield event
    finally:
        events.abort()
        pool.submit(events.close)
        pool.shutdown(wait=False)


async def _lines(events: LogEvents) -> AsyncIterator[LogLine]:
    assembler = LineAssembler()
    blocks = _events(events)
    try:
        async for event in blocks:
            if isinstance(event, sync.LogBlock):
                for line in assembler.feed(event):
                    yield line
        for line in assembler.finish():
            yield line
    finally:
        await blocks.aclose()  # type: ignore[attr-defined]
