"""What executors report of the runs, written into them; the next tick draws its conclusions."""

from __future__ import annotations

import logging
from typing import Any, Callable, Mapping, Optional, Protocol

from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import UNFIT, RankEnd
from hfai.engine.scheduling.cordons import Cordons
from hfai.engine.scheduling.ending import is_failure, status_of
from hfai.engine.scheduling.leaving import Leaving
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.restarts import has_restart_left
from hfai.engine.system import Clock
from hfai.model.errors import HfaiError
from hfai.model.priorities import Priority
from hfai.model.states import QueueStatus

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What stores the runs."""

    def touch(self, run: LiveRun, *, durable: bool = False) -> None:
        """The run has changed."""

    def set_priority(self, run: LiveRun, priority: int) -> None:
        """Its chain is to have another priority."""


class RunReports:
    """Hears what becomes of the runs; see :class:`hfai.engine.executors.base.Reports`.

    Args:
        config: the settings.
        clock: where times come from.
        runs: every unfinished run, by its id.
        cordons: for nodes that are found unfit.
        leaving: the runs on their way out.
        keeper: what stores the runs.

    Attributes:
        ended_runs: those whose ranks have all ended, until a tick has finished them.
        on_checked: told that a run which checks its node has ended, before that is stored.
    """

    def __init__(
        self,
        config: EngineConfig,
        clock: Clock,
        runs: Mapping[int, LiveRun],
        cordons: Cordons,
        leaving: Leaving,
        keeper: Keeper,
    ) -> None:
        self._config = config
        self._clock = clock
        self._runs = runs
        self._cordons = cordons
        self._leaving = leaving
        self._keeper = keeper
        self.ended_runs: dict[int, LiveRun] = {}
        self.on_checked: Optional[Callable[[LiveRun, RankEnd], None]] = None

    def building(self, run_id: int, rank: int) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.set_building(rank, self._clock.now()):
            self._keeper.touch(run)

    def started(self, run_id: int, rank: int, at: float) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.set_running(rank, at):
            self._keeper.touch(run)

    def ended(self, run_id: int, end: RankEnd) -> None:
        run = self._runs.get(run_id)
        if run is None or end.rank in run.ends:
            return
        end = self._leaving.as_told(run, end)
        may_restart = end.outcome == UNFIT or has_restart_left(run, self._config, self._clock.now())
        is_unfit = run.suspension is not None and run.suspension.unfit_rank == end.rank
        run.set_ended(end, status_of(end, may_restart=may_restart, is_unfit=is_unfit))
        if end.outcome == UNFIT:
            self._cordons.fail(run.jobs[end.rank].node, end.message)
        elif run.pinned_to is not None and self.on_checked is not None:
            self.on_checked(run, end)
        if end.state_is_set:
            run.whole_life_state = end.whole_life_state
        if run.has_ended:
            self.ended_runs[run.id] = run
        elif is_failure(end) and not run.is_leaving:
            self._leaving.rank_failed(run, end, self._clock.now())
        self._keeper.touch(run, durable=True)

    def wished(self, run_id: int, rank: int, event: str, values: Mapping[str, Any]) -> None:
        run = self._runs.get(run_id)
        if run is None or run.queue_status is not QueueStatus.SCHEDULED:
            return
        if event == "whole_life_state":
            state = values.get("state")
            if isinstance(state, int) and abs(state) < 2**63:
                run.whole_life_state = state
                self._keeper.touch(run)
        elif event == "acknowledged":
            self._leaving.acknowledged(run, self._clock.now())
        elif event == "go_suspend":
            self._leaving.saved(run, self._clock.now(), unfit_rank=rank if values.get("is_unfit") is True else None)
        elif event == "set_priority" and values.get("priority") in list(Priority):
            try:
                self._keeper.set_priority(run, values["priority"])
            except HfaiError as error:
                _log.warning("run %d (%s) keeps its priority: %s", run.id, run.nb_name, error)
