"""``set_watchdog_time``: how long a rank may be silent."""

from __future__ import annotations

from hfai.client.runtime import _where
from hfai.client.runtime._request import Refused, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

_TIMEOUT_S = 500


def set_watchdog_time(seconds: int) -> Optional[dict[str, Any]]:
    """Have this rank count as hung after so many seconds without output, instead of the task file's (1800).

    Args:
        seconds: a whole number, at least 1.

    Returns:
        ``{"success": 1, "msg": ...}``, with 0 and the reason where it could not be set; None outside a task, which is
        said once on standard error.

    Blocks for a millisecond; may be called again, the last one counts. Source: HAI's documentation; wire document,
    section 9.

    Example:
        >>> set_watchdog_time(3600)  # doctest: +SKIP
        {'success': 1, 'msg': 'set_watchdog_time 3600秒 设置成功'}
    """
    place = _where.where()
    if place == _where.NOWHERE:
        _where.tell("set_watchdog_time()")
        return None
    seconds = int(seconds)
    if seconds < 1:
        return {"success": 0, "msg": f"set_watchdog_time: at least 1 second, not {seconds}"}
    if place == _where.TASK:
        try:
            ask(_TIMEOUT_S, action="set_watchdog_time", seconds=seconds)
        except Refused as error:
            return {"success": 0, "msg": str(error)}
    return {"success": 1, "msg": f"set_watchdog_time {seconds}秒 设置成功"}
