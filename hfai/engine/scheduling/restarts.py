"""How a chain is queued again: after a suspension at the end of the line, after a failure of the platform in its old place - at once the
first time, later and later after that, no more when it happens too often in a row - and after one of its own code if it asks for that.

A task that yields without having been asked to is held back too, longer each time in a row: on an idle cluster it would otherwise do
nothing but start.
"""

from __future__ import annotations

from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import UNFIT
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.store.backoff import NO_BACKOFF, Backoff
from hfai.engine.store.chains import NextRun
from hfai.model.phrase import Phrase
from hfai.model.records import Cause
from hfai.model.suspension import SuspendedBy

_MOST_DOUBLINGS = 30
_MOST_AVOIDED = 8


def has_restart_left(run: LiveRun, config: EngineConfig, now: float) -> bool:
    """Whether the platform, having failed this run, starts it again. Nodes that were not fit for it are no reason to give it up: each of
    them is cordoned, so that there is an end.
    """
    return _was_unfit(run) or _failures_before(run, config, now) < config.max_restarts


def restart_after(run: LiveRun, config: EngineConfig, now: float) -> NextRun:
    """The next run of a chain that goes on after one that has ended."""
    cause = None if run.end is None else run.end.cause
    failures, delay_s, backoff = 0, 0.0, NO_BACKOFF
    if cause is Cause.PLATFORM:
        failures = _failures_before(run, config, now) + (not _was_unfit(run))
        delay_s = 0.0 if failures <= 1 or _was_unfit(run) else _delay_s(failures - 1, config)
        backoff = _after_failure(run, failures, config, now)
    elif cause is Cause.SUSPENDED and run.suspension is not None and run.suspension.by is SuspendedBy.TASK:
        yields = (0 if _lasted(run, config, now) else run.backoff.yields) + 1
        delay_s = _delay_s(yields, config)
        backoff = Backoff(_yielded(yields), yields)
    return NextRun(
        first_id=run.first_id,
        created_at=now,
        queued_at=run.queued_at if cause is Cause.PLATFORM else now,
        whole_life_state=run.whole_life_state,
        not_before=now + delay_s if delay_s else 0.0,
        failures=failures,
        user_failures=run.user_failures + (cause in (Cause.USER_CODE, Cause.WATCHDOG)),
        ran_s=run.used_up(now),
        forced=_forced(run),
        backoff=backoff,
    )


def _delay_s(count: int, config: EngineConfig) -> float:
    """Twice as long each time, up to the cap."""
    return min(config.restart_delay_s * 2.0 ** min(count - 1, _MOST_DOUBLINGS), config.restart_delay_max_s)


def _after_failure(run: LiveRun, failures: int, config: EngineConfig, now: float) -> Backoff:
    """Held back, and better elsewhere: the node of the rank that was failed may fail it again."""
    assert run.end is not None
    before = () if _lasted(run, config, now) else run.backoff.avoid
    node = () if run.end.rank is None else (run.jobs[run.end.rank].node,)
    avoid = tuple(dict.fromkeys((*node, *before)))[:_MOST_AVOIDED]
    why = Phrase("{what}; {count} times in a row", what=run.end.message, count=failures)
    return Backoff(why, run.backoff.yields, avoid)


def _yielded(count: int) -> Phrase:
    if count == 1:
        return Phrase("it has yielded its nodes by itself")
    return Phrase("it has yielded its nodes by itself {count} times in a row", count=count)


def _forced(run: LiveRun) -> int:
    """Counted until a run saves: in time, or at least something, which a new whole_life_state shows."""
    if run.suspension is None or run.end is None or run.end.cause is not Cause.SUSPENDED:
        return run.forced
    has_saved = run.suspension.saved_at is not None or any(end.state_is_set for end in run.ends.values())
    return 0 if has_saved else run.forced + 1


def _was_unfit(run: LiveRun) -> bool:
    return any(end.outcome == UNFIT for end in run.ends.values())


def _failures_before(run: LiveRun, config: EngineConfig, now: float) -> int:
    """A run that went well for long enough shows that the platform works: the count begins anew."""
    return 0 if _lasted(run, config, now) else run.failures


def _lasted(run: LiveRun, config: EngineConfig, now: float) -> bool:
    return run.begin_at is not None and now - run.begin_at >= config.restart_reset_s
