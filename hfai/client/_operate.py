"""The routes that act on one task, each one request."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

from hfai.client import _session
from hfai.client._select import ExperimentLike, selector, subject
from hfai.model.errors import UsageError
from hfai.model.priorities import Priority

STOP_OPS = ("stop", "succeed", "fail")


def stop(experiment: ExperimentLike, op: str = "stop") -> None:
    """End a task, its queueing included; a running one gets its grace time. One that has ended is no error.

    Raises:
        UsageError: ``op`` is none of ``stop``, ``succeed``, ``fail``.
    """
    if op not in STOP_OPS:
        raise UsageError("op must be one of {allowed}, not {found}", allowed=", ".join(STOP_OPS), found=repr(op))
    _post("operating/task/stop", experiment, op=op)


def suspend(experiment: ExperimentLike, restart_delay: int = 0) -> None:
    """Have a running task save and yield; one that waits or has ended is no error."""
    _post("operating/task/suspend", experiment, restart_delay=str(restart_delay), version="new")


def resume(experiment: ExperimentLike) -> Optional[dict[str, Any]]:
    """Queue a chain again; the task object where the server sends it.

    Raises:
        NameInUse: it runs, or another unfinished task has its name.
    """
    # Sent a second time after it was heard it would be refused: the first one has made the task run.
    answer = _session.current().post(
        "operating/task/resume", selector(experiment), subject=subject(experiment), is_repeatable=False
    )
    return answer.get("task")


def set_priority(experiment: ExperimentLike, priority: int) -> Optional[dict[str, Any]]:
    """Give a task another priority; the task object where the server sends it.

    Raises:
        UsageError: there is no such priority.
        RefusedError: the task has finished, or there is no quota for it.
    """
    if priority not in list(Priority):
        allowed = ", ".join(str(int(level)) for level in Priority)
        raise UsageError("priority {priority} is none of {allowed}", priority=priority, allowed=allowed)
    return _post("operating/task/priority/update", experiment, priority=str(int(priority))).get("task")


def set_tag(experiment: ExperimentLike, tag: str, *, is_set: bool) -> None:
    """Put a tag on a task or take it off."""
    _post("operating/task/tag" if is_set else "operating/task/untag", experiment, tag=tag)


def log_since(experiment: ExperimentLike, rank: int, last_seen: Optional[Mapping[str, Any]]) -> dict[str, Any]:
    """One answer of ``query/task/log``."""
    seen = None if last_seen is None else json.dumps(last_seen)
    return _post("query/task/log", experiment, rank=str(rank), last_seen=seen)


def search(experiment: ExperimentLike, content: str) -> list[int]:
    """Occurrences of a text by rank."""
    return [int(count) for count in _post("query/task/log/search", experiment, content=content)["data"]]


def sys_log(experiment: ExperimentLike) -> str:
    """The platform's messages."""
    return str(_post("query/task/sys_log", experiment)["data"])


def container_log(experiment: ExperimentLike, run_id: int, rank: int) -> str:
    """The platform's messages about one rank."""
    return str(_post("query/task/container_log", experiment, id=str(run_id), rank=str(rank))["result"]["data"])


def _post(route: str, experiment: ExperimentLike, **query: Optional[str]) -> dict[str, Any]:
    return _session.current().post(route, {**selector(experiment), **query}, subject=subject(experiment))
