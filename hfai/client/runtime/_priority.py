"""``set_priority``: another priority for this task, from inside."""

from __future__ import annotations

from hfai.client.runtime import _where
from hfai.client.runtime._request import Refused, ask
from hfai.model.priorities import Priority


def set_priority(priority: int, timeout: int = 500, raise_exception: bool = False) -> bool:
    """Ask for another priority for this task.

    Args:
        priority: one of :class:`hfai.client.EXP_PRIORITY`, or its number.
        timeout: seconds to try to reach the platform.
        raise_exception: whether to raise when it cannot be set; otherwise it returns False.

    Returns:
        Whether it was set; False outside a task, which is said once on standard error.

    Raises:
        RuntimeError: there is no such priority, or the platform refused; only with ``raise_exception``.

    Blocks for a millisecond; may be called again. Source: HAI's documentation; wire document, section 9.

    Example:
        >>> set_priority(30)  # doctest: +SKIP
        True
    """
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("set_priority()")
        return False
    try:
        if int(priority) not in set(Priority):
            numbers = ", ".join(f"{int(level)} ({level.name})" for level in Priority)
            raise Refused(f"set_priority: one of {numbers}, not {priority}")
        if place == _where.TASK:
            ask(timeout, action="set_priority", priority=int(priority))
    except Refused:
        if raise_exception:
            raise
        return False
    return True
