"""The columns of tasks, as ``list`` and ``status`` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from hfai.cli.output import Column, Listing

if TYPE_CHECKING:
    from datetime import datetime

    from hfai.client import Experiment

_GREEN, _YELLOW, _CYAN, _RED = 32, 33, 36, 31
_COLOURS = {"running": _GREEN, "suspended": _YELLOW, "waiting_init": _CYAN, "failed": _RED, "failed_terminating": _RED}


def status_colour(status: str) -> Optional[int]:
    """The colour of a status of a task or job."""
    return _COLOURS.get(status)


def moment(at: Optional[datetime], between: str = " ") -> str:
    """A time as tables show it, to the second: ``2026-01-31 14:30:00``."""
    return at.isoformat(between, "seconds") if at else ""


def _moment_of(name: str) -> Callable[[Experiment], str]:
    return lambda task: moment(getattr(task, name))


def _priority(task: Experiment) -> object:
    from hfai.model.priorities import Priority

    return Priority(task.priority).name if task.priority in set(Priority) else task.priority


# The tutorial's columns, and more of the same task for --output wide and --columns.
TASKS = Listing(
    columns=(
        Column("id"),
        Column("nb_name"),
        Column("nodes"),
        Column("chain_status", colour=status_colour),
        Column("suspend_count"),
        Column("updated_at", _moment_of("updated_at")),
        Column("user_name", is_wide=True),
        Column("group", is_wide=True),
        Column("priority", _priority, is_wide=True),
        Column("worker_status", is_wide=True),
        Column("created_at", _moment_of("created_at"), is_wide=True),
    ),
    name="nb_name",
    key="id",
)
