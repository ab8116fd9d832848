"""The nine priorities by name and number (design, section 3)."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """Priority of a task; AUTO lets the platform take the highest one with room."""

    EXTREME_HIGH = 50
    VERY_HIGH = 40
    HIGH = 30
    ABOVE_NORMAL = 20
    NORMAL = 10
    UNDER_NORMAL = 8
    BELOW_NORMAL = 5
    LOW = 0
    AUTO = -1
