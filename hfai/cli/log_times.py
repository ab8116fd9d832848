"""Points in time as people type them behind ``--since`` and ``--until``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Optional

from hfai.model.errors import UsageError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_RELATIVE = re.compile(r"(?:\d+[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+)([smhdw])", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?", re.ASCII)


def point_in_time(text: str, now: datetime) -> str:
    """ISO 8601 text in local time.

    Args:
        text: ISO 8601 (date and time, or a date alone), a time of today (``14:30``), or how long ago (``10m``, ``1h30m``).
        now: the local time it is.

    Raises:
        UsageError: the text is none of these.

    Example:
        >>> point_in_time("90s", datetime(2026, 1, 1, 12, 0))
        '2026-01-01T11:58:30'
    """
    try:
        ago = span(text)
        if ago is not None:
            return (now - ago).isoformat()
        if _CLOCK.fullmatch(text):
            return datetime.fromisoformat(f"{now:%Y-%m-%d}T{text}").isoformat()
        # Before Python 3.11 fromisoformat does not know the Z.
        at = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    except (ValueError, OverflowError):
        raise UsageError(
            "{text} is no time: give one like 2026-01-31T14:30, 14:30 (today) or 10m (ago)", text=text
        ) from None
    return (at.astimezone().replace(tzinfo=None) if at.tzinfo else at).isoformat()


def span(text: str) -> Optional[timedelta]:
    """A length of time such as ``10m`` or ``1h30m``; None if the text is none.

    Raises:
        OverflowError: it is too long.
    """
    if not _RELATIVE.fullmatch(text):
        return None
    return timedelta(seconds=sum(int(number) * _UNITS_S[unit] for number, unit in _PART.findall(text)))
