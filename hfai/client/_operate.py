"""The routes that act on one task, each one request."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

from hfai.client import _session
from hfai.client._select import ExperimentLike, selector, subject
from hfai.model.errors import UsageError

STOP_OPS = ("stop", "succeed", "fail")


def stop(experiment: ExperimentLike, op: str = "stop") -> None:
    """End a task, its queueing included; a running one gets its grace time. One that has ended is no error.

    Raises:
        UsageError: ``op`` is none of ``stop``, ``succeed``, ``fail``.
    """
    if op not in STOP_OPS:
        raise UsageError("op must be one of {allowed}, not {found}", allowed=", ".join(STOP_OPS), found=repr(op))
    _post("operating/task/stop", experiment, op=op)


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


def _post(route: str, experiment: ExperimentLike, **query: Optional[str]) -> dict[str, Any]:
    return _session.current().post(route, {**selector(experiment), **query}, subject=subject(experiment))
