"""A series of numbers as a line of small bars, in block characters or in ASCII."""

from __future__ import annotations

from typing import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*#@"
SPARK_WIDTH = 24


def sparkline(values: Sequence[float], width: int = SPARK_WIDTH) -> str:
    """At most ``width`` signs from 0 to the largest value; of a longer series each stands for the largest of its part.

    Example:
        >>> sparkline([0, 1, 2, 7]) in ("▁▂▃█", "_.-@")
        True
    """
    from hfai.cli.bars import can_show

    signs = _BLOCKS if can_show(_BLOCKS) else _ASCII
    count = min(width, len(values))
    parts = [values[at * len(values) // count : (at + 1) * len(values) // count] for at in range(count)]
    most = max(values, default=0)
    return "".join(signs[round(max(part) / most * (len(signs) - 1)) if most > 0 else 0] for part in parts)
