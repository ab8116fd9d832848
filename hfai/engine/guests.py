"""Programs beside a running task: whether there is a place for one, in words for who asks."""

from __future__ import annotations

from typing import Any, Mapping

from hfai.engine.executors.base import Executor, GuestRefused
from hfai.engine.executors.guest import Guest
from hfai.engine.logs.ranks import ensure_rank
from hfai.model.errors import NotRunning
from hfai.model.records import Task
from hfai.model.states import ChainStatus


async def open_guest(executor: Executor, task: Task, rank: int, request: Mapping[str, Any]) -> Guest:
    """Start a command, a shell or the profiler in a rank of a task.

    Args:
        request: see :meth:`hfai.engine.executors.base.Executor.open_guest`.

    Raises:
        RankNotFound: the task has no such rank.
        NotRunning: the task, or that rank, does not run.
        GuestRefused: the program cannot be executed.
    """
    ensure_rank(task, rank)
    if task.chain_status is not ChainStatus.RUNNING:
        raise NotRunning(id=task.id, name=task.nb_name, chain_status=task.chain_status.value)
    try:
        return await executor.open_guest(task.newest.id, rank, request)
    except GuestRefused as error:
        if error.exit_code is not None:
            raise
        template = "rank {rank} of task {id} ({name}) does not run: {reason}"
        raise NotRunning(template, rank=rank, id=task.id, name=task.nb_name, reason=str(error)) from None
