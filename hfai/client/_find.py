"""``get_experiment`` and ``get_experiments``: tasks that are there."""

from __future__ import annotations

from typing import Optional, Sequence

from hfai.client import _names_cache, _session
from hfai.client._experiment import Experiment
from hfai.client._select import query_task
from hfai.model.errors import UsageError
from hfai.model.states import ChainStatus

LARGEST_PAGE = 50
TASK_TYPES = ("training", "virtual", "background")
# HAI Platform knows only the queue's states.
_QUEUE_STATUS = {"waiting_init": "queued", "suspended": "queued", "running": "scheduled", "finished": "finished"}


def get_experiment(name: Optional[str] = None, id: Optional[int] = None, chain_id: Optional[str] = None) -> Experiment:
    """One of your tasks.

    Args:
        name: the newest task of that name.
        id: the chain that has a run of that id; goes before the others.
        chain_id: the chain; goes before ``name``.

    Raises:
        UsageError: nothing was named.
        TaskNotFound: you have no such task.
        HfaiError: no answer, or a refusal.

    Blocks for one request. Source: HAI's documentation; wire document, section 3.

    Example:
        >>> get_experiment(name="sample_exp").chain_status  # doctest: +SKIP
        'finished'
    """
    if id is not None:
        return Experiment(query_task({"id": str(int(id))}, subject=str(id)))
    if chain_id is not None:
        return Experiment(query_task({"chain_id": chain_id}, subject=chain_id))
    if name is not None:
        return Experiment(query_task({"nb_name": name}, subject=name))
    raise UsageError("name a task by name, id or chain_id")


def get_experiments(
    page: int,
    page_size: int,
    only_star: bool = False,
    select_pods: bool = True,
    nb_name_pattern: Optional[str] = None,
    task_type_list: Sequence[str] = TASK_TYPES,
    worker_status_list: Sequence[str] = (),
    queue_status_list: Sequence[str] = (),
    tag_list: Sequence[str] = (),
    chain_status_list: Sequence[str] = (),
) -> tuple[int, list[Experiment]]:
    """A page of your tasks, newest first, one item per chain.

    Args:
        page: from 1.
        page_size: 1 to 50.
        only_star: only those with the tag ``star``.
        select_pods: whether :attr:`Experiment.jobs` is filled.
        nb_name_pattern: text that must be in the name or the chain id, or begin the id.
        task_type_list, worker_status_list, queue_status_list, tag_list, chain_status_list: one of these each; empty
            for any.

    Returns:
        The number of tasks on all pages, and those of this one; none past the last page.

    Raises:
        UsageError: page or page size out of range, or an unknown chain status.
        HfaiError: no answer, or a refusal.

    Blocks for one request. Source: the tutorial, use case 2; wire document, section 3.

    Example:
        >>> total, newest = get_experiments(page=1, page_size=10)  # doctest: +SKIP
    """
    _ensure_whole("page", page, 1, None)
    _ensure_whole("page_size", page_size, 1, LARGEST_PAGE)
    known = [status.value for status in ChainStatus]
    for status in chain_status_list:
        if status not in known:
            raise UsageError("no chain status {found}: there are {allowed}", found=status, allowed=", ".join(known))
    session = _session.current()
    is_foreign = bool(chain_status_list) and session.is_haiplatform
    if is_foreign:
        queue_status_list = sorted({*queue_status_list, *(_QUEUE_STATUS[status] for status in chain_status_list)})
    answer = session.post(
        "query/task/list",
        {
            "page": page,
            "page_size": page_size,
            "only_star": only_star,
            "select_pods": select_pods,
            "nb_name_pattern": nb_name_pattern,
            "task_type": list(task_type_list),
            "worker_status": list(worker_status_list),
            "queue_status": list(queue_status_list),
            "tag": list(tag_list),
            "chain_status": None if is_foreign else list(chain_status_list),
        },
    )["result"]
    tasks = [Experiment(task) for task in answer["tasks"]]
    if is_foreign:
        tasks = [task for task in tasks if task.chain_status in chain_status_list]
    _names_cache.note(session, tasks)
    return int(answer["total"]), tasks


def _ensure_whole(name: str, value: int, least: int, most: Optional[int]) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        allowed = f"at least {least}" if most is None else f"{least} to {most}"
        raise UsageError("{name} must be {allowed}, not {found}", name=name, allowed=allowed, found=repr(value))
