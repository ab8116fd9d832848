"""``wait_each`` as an asynchronous iterator."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, AsyncIterator, Iterable, Optional

import hfai.client as sync
from hfai.client.aio._experiment import Experiment, plain

if TYPE_CHECKING:
    from hfai.client.aio._experiment import AnyExperiment


async def wait_each(
    experiments: Iterable[AnyExperiment], until: str = "finished", timeout: Optional[float] = None
) -> AsyncIterator[Experiment]:
    """See :func:`hfai.client.wait_each`. Cancelling it leaves its thread waiting for the answer that is under way."""
    tasks = sync.wait_each([plain(one) for one in experiments], until, timeout)
    loop = asyncio.get_running_loop()
    # A thread of its own: it may wait for days, and the connection is that of one thread.
    pool = ThreadPoolExecutor(1, thread_name_prefix="hfai-wait")
    try:
        while (task := await loop.run_in_executor(pool, next, tasks, None)) is not None:
            yield Experiment(task)
    finally:
        pool.shutdown(wait=False)
