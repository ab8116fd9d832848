"""``bind_hf_except_hook``: a child process that fails must not leave the others of its rank waiting for it."""

from __future__ import annotations

import os
import sys

from hfai.client.runtime import _where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Guarded:
    """In the place of a process object's ``run`` while it is started: it travels to the child, forked or spawned."""

    def __init__(self, process: Any) -> None:
        self._process = process

    def __call__(self) -> None:
        try:
            type(self._process).run(self._process)
        except Exception:
            import traceback

            from hfai.client.runtime._health import self_health_check

            traceback.print_exc()
            sys.stderr.flush()
            self_health_check(os.getpid())
            raise  # in a task of another type than training


def bind_hf_except_hook(ProcessClass: type) -> None:
    """Have an uncaught exception in a child process of this class end the rank at once instead of hanging it.

    The traceback is printed, then the node is checked: see :func:`~hfai.client.self_health_check` for what follows. On a
    healthy node the main process of the rank is ended by SIGTERM, 2 seconds later by SIGKILL, and the child with status 1: the
    task has failed, by that signal, and its last lines show the traceback. ``SystemExit`` is no failure.

    Args:
        ProcessClass: ``multiprocessing.Process``, ``torch.multiprocessing.Process`` or a class derived from one. All processes
            started from then on in this process are meant, those of classes derived from it too, whatever the start method.

    Raises nothing. Never blocks; binding a class twice changes nothing. In a simulation it does the same to the simulated
    task. Outside a task it says once that there is none and leaves the class as it is. Source: HAI's documentation.

    Example:
        >>> from torch.multiprocessing import Process  # doctest: +SKIP
        >>> bind_hf_except_hook(Process)  # doctest: +SKIP
    """
    if _where.where() == _where.NOWHERE:
        _where.tell("bind_hf_except_hook()")
        return
    bound: Any = ProcessClass
    start = bound.start
    if getattr(start, "_is_bound_by_hfai", False):
        return

    def guarded_start(self: Any) -> None:
        self.run = _Guarded(self)
        try:
            start(self)
        finally:
            self.__dict__.pop("run", None)

    guarded_start._is_bound_by_hfai = True  # type: ignore[attr-defined]
    bound.start = guarded_start
