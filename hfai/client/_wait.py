"""``wait`` and ``wait_each``: block until tasks have come so far."""

from __future__ import annotations

import time
from typing import Any, Iterable, Iterator, Optional

from hfai.client import _session
from hfai.client._experiment import Experiment
from hfai.client._patience import Patience
from hfai.client._select import ExperimentLike, query_task, selector, subject
from hfai.model.errors import UnreachableError, UsageError, WaitTimeout

STATES = ("running", "suspended", "finished")
# Of one request; the engine takes at most 60 seconds and 1000 tasks.
_LONGEST_S = 60.0
_MOST_TASKS = 1000
_SPARE_S = 15.0
_POLL_S = (0.5, 5.0)
_SEVERAL = "{count} tasks are not {until} after {timeout_s} s: {experiment}; they go on"


def wait(experiment: ExperimentLike, until: str = "finished", timeout: Optional[float] = None) -> Experiment:
    """Block until a task is in a state, or has finished without getting there.

    Args:
        experiment: an Experiment, the id of a run, or a name.
        until: ``finished``, ``running`` or ``suspended``.
        timeout: seconds to wait at most; None: for ever.

    Returns:
        The task as it is then. ``exit_status`` tells how it ended. Waiting for ``suspended`` also ends when the task has been
        suspended and runs again already.

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
    return next(wait_each([experiment], until, timeout))


def wait_each(
    experiments: Iterable[ExperimentLike], until: str = "finished", timeout: Optional[float] = None
) -> Iterator[Experiment]:
    """Block until each of several tasks is in a state, or has finished without getting there.

    Args:
        experiments: each an Experiment, the id of a run, or a name; one that is named twice counts once.
        until, timeout: see :func:`wait`; ``timeout`` is for all together.

    Returns:
        An iterator of the tasks as they are then, in the order in which they get there. All of them are looked up before the first
        is waited for.

    Raises:
        The errors of :func:`wait`.

    Example:
        >>> for task in wait_each(["a", "b"]):  # doctest: +SKIP
        ...     print(task.nb_name, task.exit_status)
    """
    if until not in STATES:
        raise UsageError("until must be one of {allowed}, not {found}", allowed=", ".join(STATES), found=repr(until))
    deadline = None if timeout is None else time.monotonic() + max(0.0, timeout)
    found = [query_task(selector(one), subject=subject(one)) for one in experiments]
    waiting = {str(task["chain_id"]): task for task in found}
    first_ids = {chain_id: int(task["id"]) for chain_id, task in waiting.items()}
    patience = Patience()
    pause_s = _POLL_S[0]
    while waiting:
        for chain_id, task in list(waiting.items()):
            has_been = until == "suspended" and int(task["id"]) > first_ids[chain_id]
            if has_been or task["chain_status"] in (until, "finished"):
                yield Experiment(waiting.pop(chain_id))
        if not waiting:
            return
        left_s = _LONGEST_S if deadline is None else min(_LONGEST_S, deadline - time.monotonic())
        if left_s <= 0:
            raise _timeout(list(waiting.values()), until, timeout)
        try:
            runs = {chain_id: first_ids[chain_id] for chain_id in list(waiting)[:_MOST_TASKS]}
            if _session.current().is_haiplatform:
                time.sleep(min(left_s, pause_s))
                waiting.update({chain_id: query_task({"chain_id": chain_id}, subject=chain_id) for chain_id in runs})
            else:
                waiting.update(_next(waiting, runs, until, left_s))
            patience.answered()
            pause_s = min(1.5 * pause_s, _POLL_S[1])
        except UnreachableError as error:
            if not patience.is_worth_it(error):
                raise


def _next(
    waiting: dict[str, dict[str, Any]], runs: dict[str, int], until: str, timeout_s: float
) -> dict[str, dict[str, Any]]:
    """Those that got there, by chain id, as soon as there are any or the time is up."""
    session = _session.current()
    query = {"state": until, "timeout": f"{timeout_s:.3f}"}
    patience_s = timeout_s + _SPARE_S
    if len(runs) > 1:
        answer = session.post("query/task/wait/any", query, {"runs": runs}, timeout_s=patience_s, revive=True)
        return {str(task["chain_id"]): task for task in answer["result"]["tasks"]}
    ((chain_id, run_id),) = runs.items()
    query.update(chain_id=chain_id, run=str(run_id))
    name = str(waiting[chain_id]["nb_name"])
    answer = session.post("query/task/wait", query, subject=name, timeout_s=patience_s, revive=True)
    return {chain_id: answer["result"]["task"]}


def _timeout(waiting: list[dict[str, Any]], until: str, timeout_s: Optional[float]) -> WaitTimeout:
    if len(waiting) == 1:
        name, status = waiting[0]["nb_name"], waiting[0]["chain_status"]
        return WaitTimeout(experiment=name, chain_status=status, timeout_s=timeout_s)
    names = ", ".join(str(task["nb_name"]) for task in waiting)
    return WaitTimeout(_SEVERAL, count=len(waiting), until=until, timeout_s=timeout_s, experiment=names)
