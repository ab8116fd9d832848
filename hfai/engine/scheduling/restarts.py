"""When the platform fails a run its chain is queued again by itself: at once the first time, later and later after that, and
no more when it happens too often in a row."""

from __future__ import annotations

from attrs import frozen

from hfai.engine.config import EngineConfig
from hfai.engine.scheduling.live import LiveRun
from hfai.model.records import Cause


@frozen
class Restart:
    """A chain to be queued again.

    Attributes:
        run: its run that has ended.
        not_before: seconds since the epoch.
        failures: runs of the chain in a row that the platform has failed.
    """

    run: LiveRun
    not_before: float
    failures: int


def has_restart_left(run: LiveRun, config: EngineConfig, now: float) -> bool:
    """Whether the platform, having failed this run, starts it again."""
    return _failures_before(run, config, now) < config.max_restarts


def restart_after(run: LiveRun, config: EngineConfig, now: float) -> Restart:
    """The restart of a run that has ended without the user's doing."""
    if run.end is None or run.end.cause is not Cause.PLATFORM:
        return Restart(run, not_before=0.0, failures=0)
    failures = _failures_before(run, config, now) + 1
    delay_s = 0.0 if failures == 1 else config.restart_delay_s * 2 ** (failures - 2)
    return Restart(run, not_before=now + delay_s if delay_s else 0.0, failures=failures)


def _failures_before(run: LiveRun, config: EngineConfig, now: float) -> int:
    """A run that went well for long enough shows that the platform works: the count begins anew."""
    lasted_s = 0.0 if run.begin_at is None else now - run.begin_at
    return 0 if lasted_s >= config.restart_reset_s else run.failures
