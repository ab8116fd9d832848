"""The loop: what executors report (``reports.py``) and users ask changes live runs; one ``tick`` plans, stores and launches.

Memory is ahead of the store within a tick only; nothing is launched and nobody is told before the store has it. A full disk
stops new starts, not the bookkeeping of what runs: the tick is tried again until there is space.
"""

from __future__ import annotations

import logging
from typing import Callable, Iterable, Optional

from hfai.engine.config import EngineConfig
from hfai.engine.config_quotas import QuotaRows
from hfai.engine.executors.base import LOST, Executor, Order, RankEnd
from hfai.engine.policy.explain import say_check, say_start, say_suspend
from hfai.engine.policy.snapshot import Suspend
from hfai.engine.queries import QuotaUse
from hfai.engine.scheduling.cluster import Cluster, nodes_of
from hfai.engine.scheduling.cordons import Cordons
from hfai.engine.scheduling.ending import CANCELED, conclude, is_failure
from hfai.engine.scheduling.leaving import Leaving
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.planning import Planner
from hfai.engine.scheduling.reports import RunReports
from hfai.engine.scheduling.restarts import has_restart_left, restart_after
from hfai.engine.scheduling.ticker import RETRY_S, Ticker
from hfai.engine.scheduling.unsaved import Unsaved
from hfai.engine.scheduling.wait_reasons import WaitReasons
from hfai.engine.store.chains import save_run, set_priority
from hfai.engine.store.cordons import all_cordons
from hfai.engine.store.database import Database
from hfai.engine.store.reading import unfinished_runs
from hfai.engine.system import Clock
from hfai.engine.watching import Watches
from hfai.model.codes import StopCode
from hfai.model.errors import HfaiError
from hfai.model.phrase import Phrase, system_error
from hfai.model.priorities import Priority
from hfai.model.records import Pending
from hfai.model.states import QueueStatus
from hfai.model.suspension import SuspendedBy

_log = logging.getLogger(__name__)


class Scheduler:
    """Every unfinished run of an engine.

    Args:
        config: the settings.
        clock: where times come from.
        db: the store.
        executor: what runs the ranks; it tells :attr:`reports`.
        watches: who is told of changes.
        order: makes the order for a scheduled run.
        on_change: called after every tick that has changed a chain.

    Attributes:
        cluster: the nodes and what each works on.
        cordons: lets nothing new onto a node.
        reports: hears what becomes of the runs.
    """

    def __init__(
        self,
        config: EngineConfig,
        clock: Clock,
        db: Database,
        executor: Executor,
        watches: Watches,
        order: Callable[[LiveRun, Cluster], Order],
        on_change: Callable[[], None],
    ) -> None:
        self.cluster = Cluster(executor.nodes(), all_cordons(db))
        self.cordons = Cordons(db, clock, self.cluster, self._replan)
        self._config = config
        self._clock = clock
        self._db = db
        self._executor = executor
        self._watches = watches
        self._order = order
        self._on_change = on_change
        self._runs: dict[int, LiveRun] = {}
        self._by_chain: dict[str, LiveRun] = {}
        self._planner = Planner(config, self.cluster)
        self._unsaved = Unsaved(db)
        self._ticker = Ticker(clock, self.tick)
        self._leaving = Leaving(config, executor, self._ticker, self)
        self.reports = RunReports(config, clock, self._runs, self.cordons, self._leaving, self)
        self._must_plan = False
        self._plan_at: Optional[float] = None
        self._reasons = WaitReasons(watches, self.of_chain, self.pending)

    # Life

    def start(self) -> None:
        """Take up every run of the store and make the first tick; inside the event loop."""
        self._ticker.start()
        scheduled = []
        for row in unfinished_runs(self._db):
            run = LiveRun.of(row)
            self._enter(run)
            if run.queue_status is QueueStatus.SCHEDULED:
                self.cluster.hold(run)
                scheduled.append(run)
        for run in scheduled:
            asked = run.asked or ("suspend" if run.suspension else None)
            self._executor.adopt(self._order(run, self.cluster), asked=asked)
        for run in scheduled:
            self._leaving.take_up(run)
        self.tick(self._clock.now())

    def close(self) -> None:
        """Store what there is to store and tick no more."""
        if not self._unsaved.is_empty:
            self._unsaved.commit()
        self._ticker.close()

    # What is asked of it

    @property
    def runs(self) -> Iterable[LiveRun]:
        """Every unfinished run."""
        return self._runs.values()

    def run(self, run_id: int) -> Optional[LiveRun]:
        """The unfinished run of that id; None if there is none."""
        return self._runs.get(run_id)

    def of_chain(self, chain_id: str) -> Optional[LiveRun]:
        """The unfinished run of a chain; None if it has finished."""
        return self._by_chain.get(chain_id)

    def add(self, run: LiveRun) -> None:
        """A run that the store has queued."""
        self._enter(run)
        self._changed(run)

    def pending(self, run: LiveRun) -> Optional[Pending]:
        """Why a run waits; None if it does not."""
        if run.queue_status is not QueueStatus.QUEUED:
            return None
        return self._planner.pending(run, self._clock.now())

    def queue(self, most: int) -> list[LiveRun]:
        """Of each group the first ``most`` that wait, the next one first."""
        return self._planner.next_ones(most, self._clock.now())

    def cancel(self, run: LiveRun) -> None:
        """End a queued run; it is stored on return.

        Raises:
            StorageFull: it goes on waiting.
        """
        run.finish(CANCELED, StopCode.NONE, self._clock.now())
        try:
            with self._db.transaction():
                save_run(self._db, run.state())
        except HfaiError:
            run.queue_status, run.end, run.end_at = QueueStatus.QUEUED, None, None
            raise
        self._planner.lines.leave(run)
        self._leave(run)
        self._changed(run)

    def stop(self, run: LiveRun, word: str) -> None:
        """Ask every rank of a scheduled run to end; the wish survives a restart of the engine."""
        run.asked = word
        self._leaving.forget(run)
        self.touch(run, durable=True)
        self.tick(self._clock.now())
        if run.queue_status is QueueStatus.SCHEDULED:
            self._leaving.stop(run, word)

    def suspend(self, run: LiveRun, why: str) -> None:
        """Let a scheduled run save and yield, because its user wants it to; once it does anyway, nothing is added."""
        now = self._clock.now()
        if not run.is_vacating and not run.has_ended:
            self._leaving.suspend(run, self._order(run, self.cluster).task, SuspendedBy.USER, why, now)
        self.tick(now)

    def release(self, run: LiveRun) -> None:
        """Hold a queued run back no longer: its user wants it to start in its turn."""
        if run.not_before <= self._clock.now():
            return
        self._planner.lines.leave(run)
        run.not_before = 0.0
        self._planner.lines.join(run)
        self._must_plan = True
        self.touch(run, durable=True)

    def set_priority(self, run: LiveRun, priority: int) -> None:
        """Give the chain of an unfinished run another priority; it is stored on return.

        Raises:
            RefusedError: it runs, and the quota of that priority is in use.
            StorageFull: nothing was changed.
        """
        is_queued = run.queue_status is QueueStatus.QUEUED
        if not is_queued:
            self._planner.ensure_room(run, priority, self._clock.now())
        with self._db.transaction():
            set_priority(self._db, run.first_id, priority)
        if is_queued:
            self._planner.lines.leave(run)
            run.priority = priority
            self._planner.lines.join(run)
        else:
            run.priority = priority
            if priority != Priority.AUTO:
                run.run_priority = priority
            self.touch(run, durable=True)
        self._must_plan = True
        self._changed(run)

    def set_quotas(self, quotas: QuotaRows) -> None:
        """Let these rows count from now on; what runs goes on, even beyond a quota that is smaller now."""
        self._planner.set_quotas(quotas, self._runs.values())
        self._replan()

    def quota_uses(self) -> dict[str, QuotaUse]:
        """What each user with unfinished runs has and waits for."""
        return self._planner.quota_uses(self._runs.values(), self._clock.now())

    def _replan(self) -> None:
        """Other nodes can be used than before."""
        self._planner.changed()
        self._must_plan = True
        self._ticker.soon()

    # The tick

    def tick(self, now: float) -> None:
        """One pass: stop what has had its time, finish what has ended, plan, store, then launch and tell."""
        self._leaving.tick(now)
        self._finish_ended(now)
        starts = self._plan(now)
        if self._unsaved.is_empty:
            self._reasons.tell()
            return
        changed = self._unsaved.runs
        queued = self._unsaved.commit()
        if queued is None:
            for run in starts:
                self._unschedule(run)
            self._must_plan = True
            self._ticker.at(now + RETRY_S)
            return
        for run in queued:
            self._enter(run)
        for run in starts:
            self._launch(run)
        self._leaving.tell()
        for run in changed:
            if run.queue_status is QueueStatus.FINISHED:
                self._executor.forget(run.id)
            self._watches.tell(run.chain_id)
        self._reasons.tell()
        self._on_change()
        if queued:
            self._ticker.soon()

    def _finish_ended(self, now: float) -> None:
        for run in self.reports.ended_runs.values():
            may_restart = has_restart_left(run, self._config, now)
            conclusion = conclude(run, may_restart=may_restart, may_retry=self._may_retry(run))
            run.finish(conclusion.end, conclusion.stop_code, now)
            if conclusion.is_restarted:
                self._unsaved.restart(run, restart_after(run, self._config, now))
            self.cluster.release(run)
            self._leave(run)
            self._unsaved.touch(run)
        self.reports.ended_runs.clear()

    def _may_retry(self, run: LiveRun) -> bool:
        has_failed = any(is_failure(end) and not end.is_platform_failure for end in run.ends.values())
        return has_failed and run.user_failures < self._order(run, self.cluster).task.restart

    def _plan(self, now: float) -> list[LiveRun]:
        if not self._must_plan and (self._plan_at is None or self._plan_at > now):
            if self._plan_at is not None:
                self._ticker.at(self._plan_at)
            return []
        self._must_plan = False
        decided = self._planner.plan(now)
        self._plan_at = decided.wake_at
        if decided.wake_at is not None:
            self._ticker.at(decided.wake_at)
        started = []
        for start in decided.starts:
            run = self._runs[start.run_id]
            self._planner.lines.leave(run)
            if run.pinned_to is not None:
                why = say_check(run.pinned_to)
            else:
                why = say_start(start, "" if start.behind is None else self._runs[start.behind].nb_name)
            run.schedule(nodes_of(self.cluster, start.nodes, run.group), start, why, now)
            self.cluster.hold(run)
            self._unsaved.touch(run, durable=True)
            _log.info("run %d (%s) starts on %s: %s", run.id, run.nb_name, ", ".join(start.nodes), why)
            started.append(run)
        for suspend in decided.suspends:
            self._suspend_for(suspend, now)
        return started

    def _suspend_for(self, suspend: Suspend, now: float) -> None:
        run, gainer = self._runs[suspend.run_id], self._runs[suspend.for_run_id]
        why = say_suspend(suspend, run.running, self._config.policy, gainer.nb_name, gainer.user_name)
        task = self._order(run, self.cluster).task
        self._leaving.suspend(run, task, SuspendedBy.SCHEDULER, why, now, for_id=gainer.id)

    def _launch(self, run: LiveRun) -> None:
        try:
            self._executor.launch(self._order(run, self.cluster))
        except (HfaiError, OSError) as error:
            _log.error("run %d could not be launched: %s", run.id, error)
            for job in list(run.jobs):
                reason = error.said if isinstance(error, HfaiError) else system_error(error)
                message = Phrase("it could not be launched: {reason}", reason=reason)
                self.reports.ended(run.id, RankEnd(job.rank, LOST, self._clock.now(), message=message))

    def _unschedule(self, run: LiveRun) -> None:
        self.cluster.release(run)
        run.unschedule()
        self._planner.lines.join(run)
        self._planner.changed()
        self._unsaved.drop(run)

    # Bookkeeping

    def _enter(self, run: LiveRun) -> None:
        self._runs[run.id] = run
        self._by_chain[run.chain_id] = run
        if run.queue_status is QueueStatus.QUEUED:
            self._planner.lines.join(run)
            self._must_plan = True

    def _leave(self, run: LiveRun) -> None:
        del self._runs[run.id]
        del self._by_chain[run.chain_id]
        self._leaving.forget(run)
        self._planner.changed()
        self._must_plan = True

    def touch(self, run: LiveRun, *, durable: bool = False) -> None:
        """Store the run with the next tick, soon."""
        self._unsaved.touch(run, durable=durable)
        self._planner.changed()
        self._ticker.soon()

    def _changed(self, run: LiveRun) -> None:
        self._watches.tell(run.chain_id)
        self._on_change()
        self._ticker.soon()
