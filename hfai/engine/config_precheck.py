"""``precheck`` in engine.yaml: what is looked at before each task, and below what a node is not fit for any."""

from __future__ import annotations

from typing import Any, Optional

from attrs import fields, frozen

_MOST = 2**60


@frozen
class Precheck:
    """The quick looks at a node before each task.

    Attributes:
        is_on: whether they are taken.
        memory_bytes: the least free memory; None: 256 MiB, of a small machine a twentieth of its memory.
        log_disk_bytes: the least free space where the logs are; None: 64 MiB, of a small disk a hundredth of it.
        gpu_memory_used_bytes: how much memory of each GPU may be in use before the task starts; None: any.
    """

    is_on: bool = True
    memory_bytes: Optional[int] = None
    log_disk_bytes: Optional[int] = None
    gpu_memory_used_bytes: Optional[int] = None


_LIMITS = tuple(attribute.name for attribute in fields(Precheck) if attribute.name != "is_on")


def read_precheck(key: str, value: object) -> Precheck:
    """The settings that a value means: ``on``, ``off``, or a mapping of limits.

    Raises:
        ValueError: anything else; the text says what.
    """
    if value in ("on", "off") or isinstance(value, bool):
        return Precheck(is_on=value in ("on", True))
    if not isinstance(value, dict):
        raise ValueError(f"{key} is {value!r}: it must be on, off, or a mapping with {', '.join(_LIMITS)}")
    limits: dict[str, Any] = {}
    for name, limit in value.items():
        if name not in _LIMITS:
            raise ValueError(f"{key}: unknown key {name}: known are {', '.join(_LIMITS)}")
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= _MOST):
            raise ValueError(f"{key}.{name} is {limit!r}: it must be a whole number of bytes")
        limits[name] = limit
    return Precheck(**limits)
