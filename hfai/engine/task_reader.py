"""From the rows of the store to tasks, with what only the scheduler knows: why they wait."""

from __future__ import annotations

from typing import Sequence

from attrs import evolve

from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.store.database import Database
from hfai.engine.store.reading import read_task, read_tasks
from hfai.model.records import Task


class TaskReader:
    """Reads tasks.

    Args:
        db: the store.
        scheduler: what has the unfinished ones.
    """

    def __init__(self, db: Database, scheduler: Scheduler) -> None:
        self._db = db
        self._scheduler = scheduler

    def task(self, first_id: int) -> Task:
        """The task whose first run has the id."""
        return self._with_pending(read_task(self._db, first_id))

    def tasks(self, first_ids: Sequence[int]) -> list[Task]:
        """The same for several, in that order."""
        return [self._with_pending(task) for task in read_tasks(self._db, first_ids)]

    def _with_pending(self, task: Task) -> Task:
        run = self._scheduler.of_chain(task.chain_id)
        pending = None if run is None else self._scheduler.pending(run)
        return task if pending is None else evolve(task, pending=pending)
