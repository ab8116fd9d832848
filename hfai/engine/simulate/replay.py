"""The replay itself: an event queue around ``plan()``; simulated time, no process, no clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple, Optional

from hfai.engine.policy.plan import plan
from hfai.engine.policy.snapshot import PolicyNode, PolicySettings, QueuedTask, RunningTask, Snapshot
from hfai.engine.simulate.trace import TraceJob

GROUP = "default"


class RestartCost(NamedTuple):
    """What an interruption costs: ``restart_s`` at the next start, ``grace_s`` of nodes, and the work since the last checkpoint.

    ``acknowledge_every`` k > 0: every k-th interruption is acknowledged in time and loses no work; 0: none is.
    """

    restart_s: float = 60.0
    grace_s: float = 5.0
    checkpoint_s: float = 300.0
    acknowledge_every: int = 0


class JobResult(NamedTuple):
    """What became of one job; times in seconds of simulated time."""

    job: TraceJob
    first_start_s: float
    end_s: float
    wait_s: float
    interruptions: int
    lost_s: float


class Usage(NamedTuple):
    """From ``at_s`` on ``in_use`` nodes were held."""

    at_s: float
    in_use: int


class Worked(NamedTuple):
    """Work that counts: ``nodes`` from ``from_s`` to ``until_s``, without restarting and what was lost."""

    from_s: float
    until_s: float
    nodes: int


class Outcome(NamedTuple):
    """All jobs, the nodes in use over time, the work that counts, and how often the policy was asked."""

    results: list[JobResult]
    usage: list[Usage]
    worked: list[Worked]
    plans: int


class _Live:
    """One job on its way."""

    def __init__(self, job: TraceJob) -> None:
        self.job = job
        self.queued_s = job.submit_s
        self.done_s = self.wait_s = self.lost_s = self.ran_s = 0.0
        self.first_start_s: Optional[float] = None
        self.interruptions = self.version = self.forced = 0
        self.nodes: tuple[str, ...] = ()
        self.started_s = self.finish_s = self.overhead_s = 0.0
        self.is_leaving = self.is_borrowing = self.acknowledged = False


_SUBMIT, _FINISH, _LEFT, _WAKE = range(4)


def replay(
    jobs: list[TraceJob],
    nodes: int,
    settings: PolicySettings,
    cost: RestartCost,
    on_progress: Optional[Callable[[int], None]] = None,
) -> Outcome:
    """Run every job of a trace to its end.

    Args:
        jobs: in order of submission; one wider than the cluster is narrowed to it.
        nodes: how many nodes there are, all in one group.
        settings: the policy's numbers.
        cost: what an interruption costs.
        on_progress: called with the number of finished jobs now and then.

    Blocks: for as long as it computes; tens of seconds for tens of thousands of jobs.
    """
    machine = tuple(PolicyNode(f"n{number:04d}", GROUP) for number in range(nodes))
    lives = {job.number: _Live(job._replace(width=min(job.width, nodes))) for job in jobs}
    events: list[tuple[float, int, int, int]] = [(job.submit_s, _SUBMIT, job.number, 0) for job in jobs]
    heapq.heapify(events)
    queued: dict[int, QueuedTask] = {}
    running: dict[int, _Live] = {}
    results: list[JobResult] = []
    usage: list[Usage] = []
    worked: list[Worked] = []
    plans = 0
    while events:
        now = events[0][0]
        is_new = False
        while events and events[0][0] <= now:
            _, kind, number, version = heapq.heappop(events)
            live = lives.get(number)
            if kind == _WAKE:
                is_new = True
            elif live is None:
                continue
            elif kind == _SUBMIT:
                queued[number] = _queued(live)
                is_new = True
            elif kind == _FINISH and version == live.version and live.finish_s <= now:
                del running[number], lives[number]
                worked.append(Worked(live.started_s + live.overhead_s, now, live.job.width))
                assert live.first_start_s is not None
                results.append(
                    JobResult(live.job, live.first_start_s, now, live.wait_s, live.interruptions, live.lost_s)
                )
                if on_progress and len(results) % 500 == 0:
                    on_progress(len(results))
                is_new = True
            elif kind == _LEFT and version == live.version:
                del running[number]
                worked.append(_leave(live, now, cost))
                queued[number] = _queued(live)
                is_new = True
        if not is_new:
            continue
        if queued:
            plans += 1
            decided = plan(
                Snapshot(machine, tuple(_running(live) for live in running.values()), tuple(queued.values())),
                settings,
                now,
            )
            for start in decided.starts:
                live = lives[start.run_id]
                del queued[start.run_id]
                running[start.run_id] = live
                _start(live, start.nodes, start.is_borrowing, now, cost)
                heapq.heappush(events, (live.finish_s, _FINISH, start.run_id, live.version))
            for suspend in decided.suspends:
                live = running[suspend.run_id]
                live.is_leaving = True
                live.interruptions += 1
                live.acknowledged = bool(cost.acknowledge_every) and live.interruptions % cost.acknowledge_every == 0
                left_at = now + cost.grace_s
                if live.finish_s > left_at:
                    live.version += 1
                    heapq.heappush(events, (left_at, _LEFT, suspend.run_id, live.version))
            if decided.wake_at is not None:
                heapq.heappush(events, (decided.wake_at, _WAKE, 0, 0))
        usage.append(Usage(now, sum(len(live.nodes) for live in running.values())))
    return Outcome(results, usage, worked, plans)


def _queued(live: _Live) -> QueuedTask:
    job = live.job
    return QueuedTask(job.number, job.user, GROUP, job.priority, job.width, live.queued_s, live.ran_s)


def _running(live: _Live) -> RunningTask:
    job = live.job
    return RunningTask(
        job.number,
        job.user,
        GROUP,
        job.priority,
        live.nodes,
        live.started_s,
        live.queued_s,
        live.ran_s,
        live.is_borrowing,
        live.is_leaving,
        live.forced,
    )


def _start(live: _Live, nodes: tuple[str, ...], is_borrowing: bool, now: float, cost: RestartCost) -> None:
    live.nodes, live.is_borrowing, live.started_s = nodes, is_borrowing, now
    live.wait_s += now - live.queued_s
    live.overhead_s = 0.0 if live.first_start_s is None else cost.restart_s
    if live.first_start_s is None:
        live.first_start_s = now
    live.finish_s = now + live.overhead_s + live.job.work_s - live.done_s
    live.version += 1


def _leave(live: _Live, now: float, cost: RestartCost) -> Worked:
    """Back into the queue: the work of this run counts up to its last checkpoint, or to now if it saved in time."""
    worked_s = max(0.0, now - live.started_s - live.overhead_s)
    kept_s = worked_s if live.acknowledged else worked_s - worked_s % cost.checkpoint_s
    live.forced = 0 if kept_s > 0 else live.forced + 1
    live.done_s += kept_s
    live.lost_s += now - live.started_s - kept_s
    live.ran_s += now - live.started_s
    live.queued_s = now
    live.nodes, live.is_leaving, live.is_borrowing = (), False, False
    began_s = live.started_s + live.overhead_s
    return Worked(began_s, began_s + kept_s, live.job.width)
