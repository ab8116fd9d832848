"""``go_suspend``: everything is saved, take the nodes."""

from __future__ import annotations

import os
import sys
import time

from hfai.client.runtime import _where
from hfai.client.runtime._request import Refused, ask


def go_suspend(timeout: int = 500, raise_exception: bool = False) -> None:
    """Tell the platform that this task may be stopped now. Any rank may call it.

    In a training task it does not return: the platform ends the processes and starts the task again in its next turn.
    In a simulation it ends the process with status 0. Outside a task, and in a task of another type than training, it
    returns at once.

    Args:
        timeout: seconds to try to reach the platform.
        raise_exception: whether to raise when that fails; otherwise it returns.

    Raises:
        RuntimeError: the platform could not be reached or refused; only with ``raise_exception``.
        SystemExit: in a simulation.

    Source: HAI's documentation; wire document, section 9.

    Example:
        >>> go_suspend()  # doctest: +SKIP
    """
    yield_nodes(timeout, raise_exception)


def yield_nodes(timeout: int = 500, raise_exception: bool = False, *, is_unfit: bool = False) -> None:
    """:func:`go_suspend`; ``is_unfit``: because something is wrong with this node, so that the next run had better get another."""
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("go_suspend()")
        return
    if place == _where.SIMULATION:
        print("hfai: go_suspend(): this simulated task ends here", file=sys.stderr, flush=True)
        sys.exit(0)
    if os.environ.get("MARSV2_TASK_TYPE", "training") != "training":
        return
    try:
        ask(timeout, action="go_suspend", **({"is_unfit": True} if is_unfit else {}))
    except Refused:
        if raise_exception:
            raise
        return
    print("hfai: go_suspend(): waiting to be suspended", file=sys.stderr, flush=True)
    while True:
        time.sleep(10)
