"""How a task's last suspension went: when it was told, answered, saved, or was stopped without."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Optional

from hfai.cli.language import mark, tr

if TYPE_CHECKING:
    from datetime import datetime

    from hfai.client import Experiment

_BY = {
    "scheduler": mark("run {id} was suspended by the scheduler: {times}"),
    "user": mark("run {id} was suspended by its user: {times}"),
    "task": mark("run {id} was suspended by itself: {times}"),
}


def suspension_line(experiment: Experiment) -> Optional[str]:
    """One line about the newest suspension; None where there was none, or the server does not say."""
    if not experiment.suspensions:
        return None
    last = experiment.suspensions[-1]
    steps = [
        (last.told_at, mark("told {time}")),
        (last.acknowledged_at, mark("answered {time}")),
        (last.saved_at, mark("saved {time}")),
        (last.forced_at, mark("stopped {time}, without having said that it had saved")),
    ]
    times = [tr(text, time=_clock(at)) for at, text in steps if at]
    if last.is_open and last.told_at and last.id == experiment.id and not experiment.is_finished:
        until = last.told_at + timedelta(seconds=last.grace_s)
        times.append(tr("has until {time} to save", time=_clock(until)))
    text = _BY.get(last.by, mark("run {id} was suspended: {times}"))
    return tr(text, id=last.id, times=", ".join(times))


def _clock(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
