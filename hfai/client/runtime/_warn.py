"""``disable_warn`` and ``WARN_TYPE``: messages that a HAI Platform sends to the user of a task."""

from __future__ import annotations

from enum import IntFlag

from hfai.client.runtime import _where


class WARN_TYPE(IntFlag):
    """What one may be told about; combine them with ``|`` (wire document, section 9).

    Example:
        >>> int(WARN_TYPE.LOG | WARN_TYPE.INTERRUPT)
        12
    """

    COMPLETED = 1
    TERMINATING = 2
    LOG = 4
    INTERRUPT = 8


_ALL = sum(WARN_TYPE.__members__.values())


def disable_warn(warn_type: int, timeout: int = 500, raise_exception: bool = False) -> bool:
    """Have no messages of these kinds sent about this task.

    The engine sends no messages to anybody, so there is nothing to turn off and it is always done.

    Args:
        warn_type: one or several of :class:`WARN_TYPE`, or their number; 0 for none of them.
        timeout: taken for the sake of existing scripts; nothing here waits.
        raise_exception: whether to raise when ``warn_type`` is wrong; otherwise it returns False.

    Returns:
        Whether no such message will be sent; False outside a task, which is said once on standard error.

    Raises:
        RuntimeError: there is no such kind; only with ``raise_exception``.

    Never blocks; may be called again. Source: HAI's documentation; wire document, section 9.

    Example:
        >>> disable_warn(WARN_TYPE.LOG | WARN_TYPE.INTERRUPT)  # doctest: +SKIP
        True
    """
    if _where.where() == _where.NOWHERE:
        _where.tell("disable_warn()")
        return False
    if 0 <= int(warn_type) <= _ALL:
        return True
    if raise_exception:
        kinds = ", ".join(f"{int(kind)} ({kind.name})" for kind in WARN_TYPE)
        raise RuntimeError(f"disable_warn: a sum of {kinds}, not {warn_type}")
    return False
