"""Runs on their way out: told to end, to follow a rank that has failed, or to save and yield.

A suspension goes ``told -> acknowledged -> saved`` or ``told -> forced`` (design, section 5, rule 6): it is stored, then rank 0 is told;
whichever comes first, ``go_suspend`` from any rank or the end of the grace, closes the window, and all ranks are stopped with the word
``suspend``. All that is needed to go on after a restart of the daemon is in the run's :class:`~hfai.model.suspension.Suspension`.
"""

from __future__ import annotations

import logging
from typing import Optional, Protocol

from attrs import evolve

from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import LOST, Executor, RankEnd
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.ticker import Ticker
from hfai.model.codes import SuspendCode
from hfai.model.phrase import Phrase
from hfai.model.spec import DEFAULT_SUSPEND_GRACE_S, TaskSpec
from hfai.model.suspension import SuspendedBy, Suspension

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What stores the runs."""

    def touch(self, run: LiveRun, *, durable: bool = False) -> None:
        """The run has changed."""


class Leaving:
    """The runs on their way out.

    Args:
        config: the settings.
        executor: what runs the ranks.
        ticker: makes a tick when a time is over.
        keeper: what stores the runs.
    """

    def __init__(self, config: EngineConfig, executor: Executor, ticker: Ticker, keeper: Keeper) -> None:
        self._config = config
        self._executor = executor
        self._ticker = ticker
        self._keeper = keeper
        self._gangs: dict[int, LiveRun] = {}
        self._windows: dict[int, LiveRun] = {}
        self._to_tell: list[LiveRun] = []

    def take_up(self, run: LiveRun) -> None:
        """Go on with what a daemon before this one began, once the executor has adopted the run."""
        if run.asked is not None:
            self.stop(run, run.asked)
        elif run.suspension is not None and run.suspension.is_open:
            self._windows[run.id] = run
            self._executor.suspend(run.id)
        elif run.suspension is not None:
            self.stop(run, "suspend")

    def forget(self, run: LiveRun) -> None:
        """The run has ended, or ends in another way than it was about to."""
        self._gangs.pop(run.id, None)
        self._windows.pop(run.id, None)

    def stop(self, run: LiveRun, word: str) -> None:
        """Tell every rank that has not ended to."""
        run.is_leaving = True
        self.forget(run)
        for job in run.jobs:
            if job.rank not in run.ends:
                self._executor.stop(run.id, job.rank, word, self._config.stop_grace_s)

    def tick(self, now: float) -> None:
        """Stop what has had its time."""
        for run in list(self._gangs.values()):
            if run.gang_at is not None and run.gang_at <= now:
                self.stop(run, "gang")
            elif run.gang_at is not None:
                self._ticker.at(run.gang_at)
        for run in list(self._windows.values()):
            assert run.suspension is not None
            if run.suspension.deadline > now:
                self._ticker.at(run.suspension.deadline)
                continue
            run.suspension = evolve(run.suspension, forced_at=now)
            self._keeper.touch(run)
            self.stop(run, "suspend")

    def rank_failed(self, run: LiveRun, end: RankEnd, now: float) -> None:
        """The other ranks follow."""
        # Whoever is left without a rank can only hang; after a failure the others may still end by themselves.
        at = now if end.is_platform_failure else end.ended_at + self._config.gang_grace_s
        run.gang_at = at if run.gang_at is None else min(run.gang_at, at)
        self._gangs[run.id] = run

    # Suspending

    def suspend(
        self, run: LiveRun, task: TaskSpec, by: SuspendedBy, why: str, now: float, for_id: Optional[int] = None
    ) -> None:
        """The run is to yield; rank 0 is told once that is stored."""
        _log.info("run %d (%s) is to yield: %s", run.id, run.nb_name, why)
        run.suspension = Suspension(by, why, told_at=now, grace_s=grace_of(task, self._config), for_id=for_id)
        _grow(run, SuspendCode.SENT, now)
        self._windows[run.id] = run
        self._to_tell.append(run)
        self._keeper.touch(run, durable=True)
        self._ticker.at(run.suspension.deadline)

    def tell(self) -> None:
        """What was decided is stored: tell those concerned."""
        for run in self._to_tell:
            if run.id in self._windows:
                self._executor.suspend(run.id)
        self._to_tell.clear()

    def acknowledged(self, run: LiveRun, at: float) -> None:
        """The task has seen that it is to save."""
        if run.suspension is None or run.suspension.acknowledged_at is not None:
            return
        run.suspension = evolve(run.suspension, acknowledged_at=at)
        _grow(run, SuspendCode.RECEIVED, at)
        self._keeper.touch(run)

    def saved(self, run: LiveRun, at: float, *, unfit_rank: Optional[int] = None) -> None:
        """A rank has said ``go_suspend``. One that nobody told suspends itself, unless it ends anyway.

        Args:
            unfit_rank: it, if it does so because its node is not fit.
        """
        is_ending = run.asked is not None or run.is_leaving or run.has_ended
        if unfit_rank is not None:
            self._unfit(run, unfit_rank, at)
        if run.suspension is None:
            if is_ending:
                return
            run.suspension = Suspension(SuspendedBy.TASK, Phrase("it asked for that itself"), told_at=at, grace_s=0.0)
        if run.suspension.saved_at is not None:
            return
        run.suspension = evolve(run.suspension, saved_at=at)
        _grow(run, SuspendCode.CAN_SUSPEND, at)
        self._windows.pop(run.id, None)
        self._keeper.touch(run, durable=True)
        if not is_ending:
            self.stop(run, "suspend")

    def _unfit(self, run: LiveRun, rank: int, at: float) -> None:
        why = Phrase(
            "self_health_check found node {node} of rank {rank} unfit: see its log", node=run.jobs[rank].node, rank=rank
        )
        if run.suspension is None:
            run.suspension = Suspension(SuspendedBy.TASK, why, told_at=at, grace_s=0.0, unfit_rank=rank)
        elif run.suspension.unfit_rank is None:
            run.suspension = evolve(run.suspension, why=why, unfit_rank=rank)

    def as_told(self, run: LiveRun, end: RankEnd) -> RankEnd:
        """How a rank ended, knowing that one which had been told to end, or had said that it may be interrupted, did that."""
        if end.can_suspend:
            self.saved(run, end.ended_at, unfit_rank=end.rank if end.is_unfit else None)
        if end.asked is not None or end.outcome not in (LOST, "exited", "signaled"):
            return end
        has_saved = run.suspension is not None and run.suspension.saved_at is not None
        word = (run.asked or "suspend") if has_saved else None
        if end.outcome == LOST and word is None:
            was_told = run.suspension is not None and run.is_leaving
            word = run.asked or ("suspend" if was_told else None)
        return evolve(end, asked=word)


def grace_of(task: TaskSpec, config: EngineConfig) -> float:
    """Seconds that a task has to save: what it asks for up to the administrator's cap."""
    asked_s = config.suspend_grace_s if task.suspend_grace == DEFAULT_SUSPEND_GRACE_S else task.suspend_grace
    return min(asked_s, config.suspend_grace_max_s)


def _grow(run: LiveRun, code: SuspendCode, at: float) -> None:
    if code > run.suspend_code:
        run.suspend_code, run.suspend_updated_at = code, at
