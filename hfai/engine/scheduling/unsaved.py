"""What memory knows and the store does not yet: written in one transaction per tick."""

from __future__ import annotations

import logging
from typing import Optional

from hfai.engine.scheduling.live import LiveRun
from hfai.engine.store.chains import NextRun, add_run, save_run
from hfai.engine.store.database import Database
from hfai.model.errors import HfaiError

_log = logging.getLogger(__name__)


class Unsaved:
    """Changed runs, and chains to be queued again.

    Args:
        db: the store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._dirty: dict[int, LiveRun] = {}
        self._restarts: list[tuple[LiveRun, NextRun]] = []
        self._must_be_durable = False

    @property
    def is_empty(self) -> bool:
        return not self._dirty and not self._restarts

    @property
    def runs(self) -> list[LiveRun]:
        """The runs that have changed."""
        return list(self._dirty.values())

    def touch(self, run: LiveRun, *, durable: bool = False) -> None:
        """A run has changed; ``durable`` where a loss of power must not take it back."""
        self._dirty[run.id] = run
        self._must_be_durable = self._must_be_durable or durable

    def restart(self, run: LiveRun, new: NextRun) -> None:
        """The chain of a run that has ended is to be queued again."""
        self._restarts.append((run, new))

    def drop(self, run: LiveRun) -> None:
        """The run is as the store has it again."""
        self._dirty.pop(run.id, None)

    def commit(self) -> Optional[list[LiveRun]]:
        """Store everything; the restarts as queued runs, or None if it could not be stored and nothing was."""
        queued = []
        try:
            with self._db.transaction(durable=self._must_be_durable or bool(self._restarts)):
                for run in self._dirty.values():
                    save_run(self._db, run.state())
                for run, new in self._restarts:
                    queued.append(run.successor(add_run(self._db, new), new))
        except HfaiError as error:
            _log.error("the state of %d runs could not be stored: %s", len(self._dirty), error)
            return None
        self._dirty.clear()
        self._restarts.clear()
        self._must_be_durable = False
        return queued
