"""What happened to a task before: why its last run was started when it was, how an earlier one ended, how its last suspension went."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Optional

from hfai.cli.language import mark, tr
from hfai.cli.task_tables import end_line
from hfai.cli.wording import said

if TYPE_CHECKING:
    from datetime import datetime

    from hfai.client import Experiment

_BY = {
    "scheduler": mark("run {id} was suspended by the scheduler: {times}"),
    "user": mark("run {id} was suspended by its user: {times}"),
    "task": mark("run {id} was suspended by itself: {times}"),
}
# It ended in the time that it had to save, by itself or another way.
_ENDED_FIRST = {
    "scheduler": mark("run {id} was to be suspended by the scheduler: {times}; it ended before that"),
    "user": mark("run {id} was to be suspended by its user: {times}; it ended before that"),
}


def decision_lines(experiment: Experiment) -> list[str]:
    """Why the newest start was then, the newest suspension, why and how it went, and the newest end after which it was started again
    without having been suspended, in the order in which they happened; nothing where the server does not say.
    """
    happened: list[tuple[int, bool, list[str]]] = []  # the id of the run, whether this ended it, what is said
    if line := suspension_line(experiment):
        last = experiment.suspensions[-1]
        happened.append((last.id, True, [line]))
        if last.by != "user":  # who has no other reason
            happened[-1][2].append(tr("why it was suspended: {why}", why=said(last.why)))
    # The wire form: the record would cost the import of attrs.
    if ends := experiment.to_dict().get("earlier_ends"):
        at, how = ends[-1]["at"].replace("T", " ")[:19], end_line(experiment.nb_name, ends[-1])
        happened.append((ends[-1]["id"], True, [tr("why run {id} ended at {time}: {how}", id=ends[-1]["id"], time=at, how=how)]))
    start = next((one for one in reversed(experiment.decisions) if one.what == "start" and one.at), None)
    if start is not None and start.at is not None:
        why = tr("why run {id} started at {time}: {why}", id=start.id, time=_clock(start.at), why=said(start.why))
        happened.append((start.id, False, [why]))
    return [line for *_, lines in sorted(happened, key=lambda one: one[:2]) for line in lines]


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
    text = _BY.get(last.by, mark("run {id} was suspended: {times}"))
    if last.is_open and (last.id != experiment.id or experiment.is_finished):
        text = _ENDED_FIRST.get(last.by, text)
    elif last.is_open and last.told_at:
        until = last.told_at + timedelta(seconds=last.grace_s)
        times.append(tr("has until {time} to save", time=_clock(until)))
    return tr(text, id=last.id, times=", ".join(times))


def _clock(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
