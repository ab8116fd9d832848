"""A task given as a Python object: mappings, attributes, paths and enums become plain values."""

from __future__ import annotations

import os
from enum import Enum
from typing import Any, Mapping

from hfai.model.checks import wrong

_DEEPEST = 32


def as_mapping(source: object) -> Mapping[str, Any]:
    """The keys and values of a mapping or of an object with attributes, sections included.

    Attributes that begin with ``_`` are left out.

    Raises:
        InvalidTask: ``source`` is neither.
    """
    value = _plain(source, 0)
    if isinstance(value, Mapping):
        return value
    raise wrong("the task", source, "a path, YAML text, an open file, a mapping or an object with attributes")


def _plain(value: object, depth: int) -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if hasattr(value, "__dict__") and not callable(value):
        return {key: _plain(item, depth + 1) for key, item in vars(value).items() if not key.startswith("_")}
    return value
