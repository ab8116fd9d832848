"""``self_health_check``: is it the node or the program?"""

from __future__ import annotations

import os
import sys

from hfai.client.runtime import _where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


def self_health_check(pid: Optional[int] = None) -> None:
    """Check this node after something went wrong: the program's fault ends the task, the node's has it started again.

    Looked at are free memory, the disks of the workspace and of the logs, and whether the GPUs answer. What is found is
    said on standard error, so it is in the log.

    * Healthy: the rank ends with status 1; the task has failed, its other ranks are stopped.
    * Unhealthy: as :func:`~hfai.client.go_suspend`: the task is stopped and queued again, as after any failure of the platform: on other
      nodes where there are enough, later each time in a row, and no more when it happens too often (``max_restarts``).

    In a simulation both end it, with status 1. Outside a task, and in a task of another type than training, it returns at
    once; otherwise it does not return.

    Args:
        pid: the process that has a problem, named in what is said; left out, this one.

    Raises nothing. Blocks for as long as the check takes, on a node with GPUs 20 seconds at most. Source: HAI's documentation.

    Example:
        >>> try:  # doctest: +SKIP
        ...     train()
        ... except RuntimeError:
        ...     self_health_check()
    """
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("self_health_check()")
        return
    if os.environ.get("MARSV2_TASK_TYPE", "training") != "training":
        return
    from hfai.client.runtime._go_suspend import yield_nodes
    from hfai.client.runtime._node_check import node_problems
    from hfai.client.runtime._rank_end import end_rank, main_process

    who = f"hfai: self_health_check({pid or os.getpid()})"
    problems = node_problems()
    for problem in problems:
        print(f"{who}: {problem}", file=sys.stderr, flush=True)
    verdict = (
        "something is wrong with this node: the task is started again"
        if problems
        else "this node is healthy: the task ends"
    )
    print(f"{who}: {verdict}", file=sys.stderr, flush=True)
    if problems and place == _where.TASK:
        yield_nodes(is_unfit=True)  # returns only if the platform cannot be reached
    end_rank(main_process())
