"""``EXP_PRIORITY``: the priorities under the name that existing scripts use."""

from __future__ import annotations

from enum import IntEnum

from hfai.model.priorities import Priority


class EXP_PRIORITY(IntEnum):
    """Priority of a task, highest first (wire document, section 13).

    Example:
        >>> EXP_PRIORITY.get_name_by_value(30)
        'HIGH'
    """

    EXTREME_HIGH = Priority.EXTREME_HIGH
    VERY_HIGH = Priority.VERY_HIGH
    HIGH = Priority.HIGH
    ABOVE_NORMAL = Priority.ABOVE_NORMAL
    NORMAL = Priority.NORMAL
    UNDER_NORMAL = Priority.UNDER_NORMAL
    BELOW_NORMAL = Priority.BELOW_NORMAL
    LOW = Priority.LOW
    AUTO = Priority.AUTO

    @classmethod
    def get_name_by_value(cls, value: int) -> str:
        """The name of a priority.

        Raises:
            ValueError: no priority has this number.
        """
        return cls(value).name
