"""Words that users put on their tasks, to find them by."""

from __future__ import annotations

from typing import Callable

from hfai.engine.queries import User
from hfai.engine.store.database import Database
from hfai.engine.store.tags import add_tag, remove_tag, tags_of
from hfai.engine.task_reader import TaskReader
from hfai.engine.watching import Watches
from hfai.model.records import Task


class Tags:
    """The tags of all tasks.

    Args:
        db: the store.
        reader: makes tasks of what is in it.
        watches: told of every change.
    """

    def __init__(self, db: Database, reader: TaskReader, watches: Watches) -> None:
        self._db = db
        self._reader = reader
        self._watches = watches

    def of(self, user: User) -> list[str]:
        """The tags on any task of a user."""
        return tags_of(self._db, user.name)

    def add(self, task: Task, tag: str) -> Task:
        """Put a tag on a task; a second time changes nothing.

        Raises:
            StorageFull: nothing was stored.
        """
        return self._change(task, tag, add_tag)

    def remove(self, task: Task, tag: str) -> Task:
        """Take a tag off a task; one that it does not have is no error.

        Raises:
            StorageFull: nothing was stored.
        """
        return self._change(task, tag, remove_tag)

    def _change(self, task: Task, tag: str, change: Callable[[Database, str, int, str], None]) -> Task:
        first_id = task.runs[0].id
        with self._db.transaction():
            change(self._db, task.user_name, first_id, tag)
        self._watches.tell(task.chain_id)
        return self._reader.task(first_id)
