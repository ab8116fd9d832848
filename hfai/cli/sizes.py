"""Sizes and durations as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size_text(size_bytes: float) -> str:
    """A number of bytes with three digits at most, in binary units.

    Example:
        >>> size_text(0), size_text(1536), size_text(33_445_031_936)
        ('0 B', '1.5 KiB', '31.1 GiB')
    """
    size, unit = float(size_bytes), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    digits = 0 if unit == 0 or size >= 99.95 else 1
    return f"{size:.{digits}f} {_UNITS[unit]}"


def span_text(seconds: float) -> str:
    """A duration in its two largest units.

    Example:
        >>> span_text(9), span_text(75), span_text(3 * 3600 + 59), span_text(90_000)
        ('9s', '1m15s', '3h00m', '1d01h')
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"
