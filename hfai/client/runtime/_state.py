"""``set_whole_life_state`` and ``get_whole_life_state``: an integer that is carried along the chain."""

from __future__ import annotations

import os

from hfai.client.runtime import _where
from hfai.client.runtime._request import Refused, ask
from hfai.model.control import WHOLE_LIFE_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


def get_whole_life_state() -> Optional[int]:
    """The number that was set last, by this run or one before it; 0 if none was.

    Returns:
        None outside a task, which is said once on standard error.

    Never blocks. Source: HAI's documentation; wire document, section 9.

    Example:
        >>> first_step = get_whole_life_state() or 0
    """
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("get_whole_life_state()")
        return None
    if place == _where.TASK:
        from hfai.client.runtime._page import read_number

        try:
            return read_number(WHOLE_LIFE_STATE)
        except (OSError, ValueError):
            pass
    return int(os.environ.get("MARSV2_WHOLE_LIFE_STATE") or 0)


def set_whole_life_state(state: int, timeout: int = 500, raise_exception: bool = True) -> bool:
    """Have the chain carry a number: later runs get it from :func:`get_whole_life_state`.

    Args:
        state: an integer of 64 bits.
        timeout: seconds to try to reach the platform.
        raise_exception: whether to raise when that fails; otherwise it returns False.

    Returns:
        Whether something has changed: False if the number was that already, and outside a task.

    Raises:
        RuntimeError: the platform could not be reached or refused.

    Blocks for a millisecond; may be called again, the last one counts. Source: HAI's documentation; wire document,
    section 9.

    Example:
        >>> set_whole_life_state(7)  # doctest: +SKIP
        True
    """
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("set_whole_life_state()")
        return False
    state = int(state)
    if get_whole_life_state() == state:
        return False
    if place == _where.SIMULATION:
        os.environ["MARSV2_WHOLE_LIFE_STATE"] = str(state)
        return True
    try:
        ask(timeout, action="set_whole_life_state", state=state)
    except Refused:
        if raise_exception:
            raise
        return False
    return True
