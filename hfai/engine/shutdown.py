"""Every task ended, before an engine goes for good."""

from __future__ import annotations

import asyncio
import logging

from hfai.engine.queries import StopOp
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.watching import Watches
from hfai.model.states import QueueStatus

# Beyond the grace that every task gets: for processes that take their time to die.
_STOP_ALL_S = 30.0
_log = logging.getLogger(__name__)


async def stop_all(scheduler: Scheduler, watches: Watches, grace_s: float) -> None:
    """Cancel what is queued, stop what runs, and return when all have ended, or should have.

    Args:
        scheduler: has the tasks.
        watches: tell when one has ended.
        grace_s: what each task gets.
    """
    for run in list(scheduler.runs):
        if run.queue_status is QueueStatus.QUEUED:
            scheduler.cancel(run)
    running = list(scheduler.runs)
    for run in running:
        scheduler.stop(run, StopOp.STOP.value)
    deadline = grace_s + _STOP_ALL_S
    try:
        await asyncio.wait_for(asyncio.gather(*(_finished(scheduler, watches, run) for run in running)), deadline)
    except asyncio.TimeoutError:
        _log.error("some tasks did not end within %g s", deadline)


async def _finished(scheduler: Scheduler, watches: Watches, run: LiveRun) -> None:
    with watches.watch(run.chain_id) as change:
        while scheduler.of_chain(run.chain_id) is run:
            await change.changed()
