"""The loop: what executors report and users ask changes live runs; one ``tick`` plans, stores and launches.

A tick is asked for with :meth:`Scheduler.wake` and happens once however often it was asked for. Memory is ahead of the store
within a tick only; nothing is launched and nobody is told before the store has it. A full disk stops new starts, not the
bookkeeping of what runs: the tick is tried again until there is space.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Callable, Iterable, Mapping, Optional

from attrs import evolve

from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import LOST, Executor, Order, RankEnd
from hfai.engine.plan import explain, plan
from hfai.engine.scheduling.cluster import Cluster, nodes_of
from hfai.engine.scheduling.ending import CANCELED, conclude, is_failure, status_of
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.restarts import Restart, has_restart_left, restart_after
from hfai.engine.store.chains import add_run, save_run
from hfai.engine.store.database import Database
from hfai.engine.store.reading import unfinished_runs
from hfai.engine.system import Clock
from hfai.engine.watching import Watches
from hfai.model.codes import StopCode
from hfai.model.errors import HfaiError
from hfai.model.records import Pending
from hfai.model.states import QueueStatus

RETRY_S = 1.0
_log = logging.getLogger(__name__)


class Scheduler:
    """Every unfinished run of an engine.

    Args:
        config: the settings.
        clock: where times come from.
        db: the store.
        executor: what runs the ranks; it reports to this object.
        watches: who is told of changes.
        order: makes the order for a scheduled run.
        on_change: called after every tick that has changed a chain.
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
        self.cluster = Cluster(executor.nodes())
        self._config = config
        self._clock = clock
        self._db = db
        self._executor = executor
        self._watches = watches
        self._order = order
        self._on_change = on_change
        self._runs: dict[int, LiveRun] = {}
        self._by_chain: dict[str, LiveRun] = {}
        self._dirty: dict[int, LiveRun] = {}
        self._ended: dict[int, LiveRun] = {}
        self._gangs: dict[int, LiveRun] = {}
        self._restarts: list[Restart] = []
        self._must_plan = self._must_be_durable = False
        self._told: dict[str, Optional[Pending]] = {}
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._soon: Optional[asyncio.Handle] = None
        self._later: Optional[asyncio.TimerHandle] = None
        self._later_at = 0.0

    # Life

    def start(self) -> None:
        """Take up every run of the store and make the first tick; inside the event loop."""
        self._loop = asyncio.get_running_loop()
        scheduled = []
        for row in unfinished_runs(self._db):
            run = LiveRun.of(row)
            self._enter(run)
            if run.queue_status is QueueStatus.SCHEDULED:
                self.cluster.hold(run)
                scheduled.append(run)
        for run in scheduled:
            self._executor.adopt(self._order(run, self.cluster), asked=run.asked)
        for run in scheduled:
            if run.asked is not None:
                self._stop_ranks(run, run.asked)
        self.tick(self._clock.now())

    def close(self) -> None:
        """Store what there is to store and tick no more."""
        if self._dirty:
            self._commit()
        for handle in (self._soon, self._later):
            if handle is not None:
                handle.cancel()
        self._loop = self._soon = self._later = None

    def wake(self) -> None:
        """Make a tick soon."""
        if self._soon is None and self._loop is not None:
            self._soon = self._loop.call_soon(self._on_wake)

    def _on_wake(self) -> None:
        self._soon = None
        try:
            self.tick(self._clock.now())
        except Exception:
            # One bad run must not stop the others; what is dirty is written with the next tick.
            _log.exception("a tick failed")
            self._wake_at(self._clock.now() + RETRY_S)

    def _wake_at(self, at: float) -> None:
        if self._loop is None or (self._later is not None and self._later_at <= at):
            return
        if self._later is not None:
            self._later.cancel()
        self._later_at = at
        self._later = self._loop.call_later(max(0.0, at - self._clock.now()), self._on_time)

    def _on_time(self) -> None:
        self._later = None
        self.wake()

    # What is asked of it

    @property
    def runs(self) -> Iterable[LiveRun]:
        """Every unfinished run."""
        return self._runs.values()

    def of_chain(self, chain_id: str) -> Optional[LiveRun]:
        """The unfinished run of a chain; None if it has finished."""
        return self._by_chain.get(chain_id)

    def add(self, run: LiveRun) -> None:
        """A run that the store has queued."""
        self._enter(run)
        self._changed(run)
        self.wake()

    def pending(self, run: LiveRun) -> Optional[Pending]:
        """Why a run waits; None if it does not."""
        if run.queue_status is not QueueStatus.QUEUED:
            return None
        state = self.cluster.group(run.group)
        return explain(run.group, state, run.queued, self.cluster.place(run), self._clock.now())

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
        self.cluster.leave(run)
        self._leave(run)
        self._changed(run)

    def stop(self, run: LiveRun, word: str) -> None:
        """Ask every rank of a scheduled run to end; the wish survives a restart of the engine."""
        run.asked = word
        self._touch(run, durable=True)
        self.tick(self._clock.now())
        if run.queue_status is QueueStatus.SCHEDULED:
            self._stop_ranks(run, word)

    # What the executor reports

    def building(self, run_id: int, rank: int) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.set_building(rank, self._clock.now()):
            self._touch(run)

    def started(self, run_id: int, rank: int, at: float) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.set_running(rank, at):
            self._touch(run)

    def ended(self, run_id: int, end: RankEnd) -> None:
        run = self._runs.get(run_id)
        if run is None or end.rank in run.ends:
            return
        if end.outcome == LOST and run.asked is not None:
            end = evolve(end, asked=run.asked)
        may_restart = has_restart_left(run, self._config, self._clock.now())
        run.set_ended(end, status_of(end, may_restart=may_restart))
        if end.state_is_set:
            run.whole_life_state = end.whole_life_state
        if run.has_ended:
            self._ended[run.id] = run
        elif is_failure(end) and not run.is_leaving:
            # Whoever is left without a lost rank can only hang; after a failure the others may still end by themselves.
            at = self._clock.now() if end.outcome == LOST else end.ended_at + self._config.gang_grace_s
            run.gang_at = at if run.gang_at is None else min(run.gang_at, at)
            self._gangs[run.id] = run
        self._touch(run, durable=True)

    def wished(self, run_id: int, rank: int, event: str, values: Mapping[str, Any]) -> None:
        run = self._runs.get(run_id)
        state = values.get("state")
        if run is not None and event == "whole_life_state" and isinstance(state, int) and abs(state) < 2**63:
            run.whole_life_state = state
            self._touch(run)

    # The tick

    def tick(self, now: float) -> None:
        """One pass: stop gangs, finish what has ended, plan, store, then launch and tell."""
        self._stop_gangs(now)
        self._finish_ended(now)
        starts = self._plan(now) if self._must_plan else []
        if not self._dirty and not self._restarts:
            self._tell_waiting()
            return
        changed = list(self._dirty.values())
        queued = self._commit()
        if queued is None:
            for run in starts:
                self._unschedule(run)
            self._must_plan = True
            self._wake_at(now + RETRY_S)
            return
        for run in queued:
            self._enter(run)
        for run in starts:
            self._launch(run)
        for run in changed:
            if run.queue_status is QueueStatus.FINISHED:
                self._executor.forget(run.id)
            self._watches.tell(run.chain_id)
        self._tell_waiting()
        self._on_change()
        if queued:
            self.wake()

    def _stop_gangs(self, now: float) -> None:
        for run in list(self._gangs.values()):
            if run.gang_at is not None and run.gang_at <= now:
                self._stop_ranks(run, "gang")
            elif run.gang_at is not None:
                self._wake_at(run.gang_at)

    def _stop_ranks(self, run: LiveRun, word: str) -> None:
        run.is_leaving = True
        self._gangs.pop(run.id, None)
        for job in run.jobs:
            if job.rank not in run.ends:
                self._executor.stop(run.id, job.rank, word, self._config.stop_grace_s)

    def _finish_ended(self, now: float) -> None:
        for run in self._ended.values():
            may_restart = has_restart_left(run, self._config, now)
            conclusion = conclude(run, may_restart=may_restart)
            run.finish(conclusion.end, conclusion.stop_code, now)
            if conclusion.is_restarted:
                self._restarts.append(restart_after(run, self._config, now))
            self.cluster.release(run)
            self._leave(run)
            self._dirty[run.id] = run
        self._ended.clear()

    def _plan(self, now: float) -> list[LiveRun]:
        self._must_plan = False
        decided = plan(self.cluster.groups(), now)
        if decided.wake_at is not None:
            self._must_plan = True
            self._wake_at(decided.wake_at)
        started = []
        for start in decided.starts:
            run = self._runs[start.run_id]
            self.cluster.leave(run)
            run.schedule(nodes_of(self.cluster, start.nodes, run.group), now)
            self.cluster.hold(run)
            self._dirty[run.id] = run
            self._must_be_durable = True
            started.append(run)
        return started

    def _launch(self, run: LiveRun) -> None:
        try:
            self._executor.launch(self._order(run, self.cluster))
        except (HfaiError, OSError) as error:
            _log.error("run %d could not be launched: %s", run.id, error)
            for job in list(run.jobs):
                message = f"it could not be launched: {error}"
                self.ended(run.id, RankEnd(job.rank, LOST, self._clock.now(), message=message))

    def _unschedule(self, run: LiveRun) -> None:
        self.cluster.release(run)
        run.unschedule()
        self.cluster.join(run)
        self._dirty.pop(run.id, None)

    def _commit(self) -> Optional[list[LiveRun]]:
        """Store what has changed; the restarts as queued runs, or None if it could not be stored."""
        queued = []
        try:
            with self._db.transaction(durable=self._must_be_durable or bool(self._restarts)):
                for run in self._dirty.values():
                    save_run(self._db, run.state())
                for restart in self._restarts:
                    queued.append(self._queue(restart))
        except HfaiError as error:
            _log.error("the state of %d runs could not be stored: %s", len(self._dirty), error)
            return None
        self._dirty.clear()
        self._restarts.clear()
        self._must_be_durable = False
        return queued

    def _queue(self, restart: Restart) -> LiveRun:
        old = restart.run
        now = self._clock.now()
        not_before, failures = restart.not_before, restart.failures
        run_id = add_run(self._db, old.first_id, now, old.whole_life_state, not_before=not_before, failures=failures)
        return old.successor(run_id, now, not_before=not_before, failures=failures)

    # Bookkeeping

    def _enter(self, run: LiveRun) -> None:
        self._runs[run.id] = run
        self._by_chain[run.chain_id] = run
        if run.queue_status is QueueStatus.QUEUED:
            self.cluster.join(run)
            self._must_plan = True

    def _leave(self, run: LiveRun) -> None:
        del self._runs[run.id]
        del self._by_chain[run.chain_id]
        self._gangs.pop(run.id, None)
        self._must_plan = True

    def _touch(self, run: LiveRun, *, durable: bool = False) -> None:
        self._dirty[run.id] = run
        self._must_be_durable = self._must_be_durable or durable
        self.wake()

    def _changed(self, run: LiveRun) -> None:
        self._watches.tell(run.chain_id)
        self._on_change()
        self.wake()

    def _tell_waiting(self) -> None:
        """Tell those who watch a queued task when its reason has become another."""
        if not self._watches.chain_ids and not self._told:
            return
        waiting = {run.chain_id: run for run in self._waiting_and_watched()}
        told = {chain_id: self.pending(run) for chain_id, run in waiting.items()}
        for chain_id, pending in told.items():
            if self._told.get(chain_id) != pending:
                self._watches.tell(chain_id)
        self._told = told

    def _waiting_and_watched(self) -> list[LiveRun]:
        runs = [self._by_chain.get(chain_id) for chain_id in self._watches.chain_ids]
        return [run for run in runs if run is not None and run.queue_status is QueueStatus.QUEUED]
