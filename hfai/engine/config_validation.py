"""``validation`` in engine.yaml: what the measurements of ``hai-cli validate`` have to reach."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from hfai.engine.validation.options import ValidationLimits


def read_validation(key: str, value: object) -> ValidationLimits:
    """The limits that a mapping means; those it leaves out have their defaults.

    Raises:
        ValueError: it is none; the text says what.
    """
    defaults = asdict(ValidationLimits())
    if not isinstance(value, dict):
        raise ValueError(f"{key} is {value!r}: it must be a mapping with {', '.join(defaults)}")
    limits: dict[str, Any] = {}
    for name, limit in value.items():
        if name not in defaults:
            raise ValueError(f"{key}: unknown key {name}: known are {', '.join(defaults)}")
        if not isinstance(limit, (int, float)) or isinstance(limit, bool) or not 0 <= limit <= 1e18:
            raise ValueError(f"{key}.{name} is {limit!r}: it must be a number from 0 on")
        limits[name] = type(defaults[name])(limit)
    return ValidationLimits(**limits)
