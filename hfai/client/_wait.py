"""``wait``: block until a task has come so far."""

from __future__ import annotations

import time
from typing import Any, Optional

from hfai.client import _session
from hfai.client._experiment import Experiment
from hfai.client._patience import Patience
from hfai.client._select import ExperimentLike, query_task, selector, subject
from hfai.model.errors import UnreachableError, UsageError, WaitTimeout

STATES = ("running", "suspended", "finished")
# Of one request; the engine takes at most 60.
_LONGEST_S = 60.0
_SPARE_S = 15.0
_POLL_S = (0.5, 5.0)


def wait(experiment: ExperimentLike, until: str = "finished", timeout: Optional[float] = None) -> Experiment:
    """Block until a task is in a state, or has finished without getting there.

    Args:
        experiment: an Experiment, the id of a run, or a name.
        until: ``finished``, ``running`` or ``suspended``.
        timeout: seconds to wait at most; None: for ever.

    Returns:
        The task as it is then. ``exit_status`` tells how it ended.

    Raises:
        WaitTimeout: the time is up; the task goes on.
        UsageError: another ``until``.
        TaskNotFound: you have no such task.
        UnreachableError: the platform has not answered at all, or not for a minute; a restart of the engine is waited
            for.

    Example:
        >>> wait("sample_exp", timeout=3600).exit_status  # doctest: +SKIP
        0
    """
    if until not in STATES:
        raise UsageError("until must be one of {allowed}, not {found}", allowed=", ".join(STATES), found=repr(until))
    deadline = None if timeout is None else time.monotonic() + max(0.0, timeout)
    task = query_task(selector(experiment), subject=subject(experiment))
    patience = Patience()
    pause_s = _POLL_S[0]
    while task["chain_status"] not in (until, "finished"):
        left_s = _LONGEST_S if deadline is None else min(_LONGEST_S, deadline - time.monotonic())
        if left_s <= 0:
            raise WaitTimeout(experiment=task["nb_name"], chain_status=task["chain_status"], timeout_s=timeout)
        try:
            task = _next(task, until, min(left_s, pause_s) if _session.current().is_haiplatform else left_s)
            patience.answered()
            pause_s = min(1.5 * pause_s, _POLL_S[1])
        except UnreachableError as error:
            if not patience.is_worth_it(error):
                raise
    return Experiment(task)


def _next(task: dict[str, Any], until: str, timeout_s: float) -> dict[str, Any]:
    """The task when it has changed or the time is up."""
    session = _session.current()
    name, chain = str(task["nb_name"]), {"chain_id": str(task["chain_id"])}
    if session.is_haiplatform:
        time.sleep(timeout_s)
        answer = session.post("query/task", chain, subject=name)
    else:
        query = {**chain, "state": until, "timeout": f"{timeout_s:.3f}"}
        answer = session.post("query/task/wait", query, subject=name, timeout_s=timeout_s + _SPARE_S, revive=True)
    changed: dict[str, Any] = answer["result"]["task"]
    return changed
