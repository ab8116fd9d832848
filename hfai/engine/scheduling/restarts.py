"""How a chain is queued again: after a suspension at the end of the line, after a failure of the platform in its old place - at once the
first time, later and later after that, no more when it happens too often in a row - and after one of its own code if it asks for that.
"""

from __future__ import annotations

from hfai.engine.config import EngineConfig
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.store.chains import NextRun
from hfai.model.records import Cause


def has_restart_left(run: LiveRun, config: EngineConfig, now: float) -> bool:
    """Whether the platform, having failed this run, starts it again."""
    return _failures_before(run, config, now) < config.max_restarts


def restart_after(run: LiveRun, config: EngineConfig, now: float) -> NextRun:
    """The next run of a chain that goes on after one that has ended."""
    cause = None if run.end is None else run.end.cause
    failures, delay_s = 0, 0.0
    if cause is Cause.PLATFORM:
        failures = _failures_before(run, config, now) + 1
        delay_s = 0.0 if failures == 1 else config.restart_delay_s * 2 ** (failures - 2)
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
    )


def _forced(run: LiveRun) -> int:
    """Counted until a run saves: in time, or at least something, which a new whole_life_state shows."""
    if run.suspension is None or run.end is None or run.end.cause is not Cause.SUSPENDED:
        return run.forced
    has_saved = run.suspension.saved_at is not None or any(end.state_is_set for end in run.ends.values())
    return 0 if has_saved else run.forced + 1


def _failures_before(run: LiveRun, config: EngineConfig, now: float) -> int:
    """A run that went well for long enough shows that the platform works: the count begins anew."""
    lasted_s = 0.0 if run.begin_at is None else now - run.begin_at
    return 0 if lasted_s >= config.restart_reset_s else run.failures
