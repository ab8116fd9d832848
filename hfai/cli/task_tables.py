"""A task as tables, in the tutorial's form, and the sentences beside them: why it waits, how it ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, headline, table_of
from hfai.cli.task_columns import moment, status_colour
from hfai.cli.wording import said
from hfai.model.phrase import gathered

if TYPE_CHECKING:
    from hfai.client import Experiment

_JOBS = (
    Column("rank"),
    Column("status", colour=status_colour),
    Column("node"),
    Column("started_at", lambda job: moment(job.begin_at, "T")),
)


def task_tables(experiment: Experiment, columns: Sequence[Column], color: str) -> str:
    """What ``status`` shows and ``logs`` begins with: the task in these columns, and its jobs."""
    return (
        f"{headline('experiment')}{table_of(columns, [experiment], color)}"
        f"{headline('jobs')}{table_of(_JOBS, experiment.jobs, color)}"
    )


def waiting_line(experiment: Experiment) -> Optional[str]:
    """Why the task waits; None if it does not, or where the server does not say."""
    pending = experiment.to_dict().get("pending")
    if not pending:
        return None
    # The wire form: the record would cost the import of attrs.
    name, reason = experiment.nb_name, said(gathered("text", pending))
    if experiment.chain_status == "suspended":
        return tr("{name} was interrupted and waits for its next turn: {reason}", name=name, reason=reason)
    return tr("{name} waits: {reason}", name=name, reason=reason)


def end_lines(experiment: Experiment, seen: str = "") -> list[str]:
    """How the task ended, with the last lines of the rank that failed first; nothing where it succeeded or goes on.

    Args:
        seen: whose log is on the screen anyway: ``0``, ``all`` or ``0,3-5``.
    """
    # The wire form: the record would cost the import of attrs.
    end = experiment.to_dict().get("end")
    if not end or not experiment.is_finished or end["cause"] == "succeeded":
        return []
    lines = [end_line(experiment.nb_name, end)]
    if end["rank"] is not None and end["last_lines"] and seen not in ("all", str(end["rank"])):
        lines.append(tr("last lines of rank {rank}:", rank=end["rank"]))
        lines += [f"  {line}" for line in end["last_lines"]]
    return lines


# Causes that need no more than the name of the task.
_CAUSES = {
    "timeout": mark("{name} was stopped: it ran for longer than its timeout allows"),
    "stopped": mark("{name} was stopped by its user"),
    "canceled": mark("{name} was stopped by its user before it had run"),
    "marked_succeeded": mark("{name} was stopped by its user, as succeeded"),
    "marked_failed": mark("{name} was stopped by its user, as failed"),
    "node_lost": mark("{name} ended: a node was lost"),
}


def end_line(name: str, end: Mapping[str, Any]) -> str:
    """How a run ended, from its end as it is on the wire."""
    cause, rank = end["cause"], end["rank"]
    if cause in _CAUSES:
        return tr(_CAUSES[cause], name=name)
    if cause == "watchdog":
        return tr("{name} failed: rank {rank} wrote nothing for longer than its watchdog allows", name=name, rank=rank)
    if cause == "user_code" and end["signal"] is not None:
        number = _signal(end["signal"])
        return tr("{name} failed: rank {rank} was ended first, by signal {signal}", name=name, rank=rank, signal=number)
    if cause == "user_code" and end["exit_code"] is not None:
        code = end["exit_code"]
        return tr("{name} failed: rank {rank} ended first, with exit code {code}", name=name, rank=rank, code=code)
    return tr("{name} ended: {message}", name=name, message=said(gathered("message", end)) or cause)


def _signal(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
