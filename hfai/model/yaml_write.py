"""Plain values as YAML.

Written by hand rather than by a YAML library: quotes stand exactly where a reader of YAML 1.1 or 1.2 would otherwise
see something else than text, and ``hai-cli describe`` starts without importing one.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping

_PLAIN = re.compile(r"(?:[A-Za-z/]|--[A-Za-z])[A-Za-z0-9_./+@%=-]*(?: [A-Za-z0-9_./+@%=-]+)*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def yaml_text(value: Any) -> str:
    """A value of JSON as YAML, with a line break at the end; read back it is the same value.

    Example:
        >>> print(yaml_text({"name": "x", "tags": [], "jobs": [{"rank": 0}]}), end="")
        name: x
        tags: []
        jobs:
          - rank: 0
    """
    lines = _block(value, 0) if value and isinstance(value, (dict, list)) else [_scalar(value)]
    return "\n".join(lines) + "\n"


def items(mapping: Mapping[str, Any], depth: int, known: tuple[str, ...]) -> Iterator[str]:
    """The lines of a mapping; keys that are not ``known`` are written in quotes."""
    indent = "  " * depth
    for key, value in mapping.items():
        name = key if key in known else _quoted(key)
        if value and isinstance(value, (dict, list)):
            yield f"{indent}{name}:"
            yield from _block(value, depth + 1)
        else:
            yield f"{indent}{name}: {_scalar(value)}"


def _block(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield from items(value, depth, tuple(key for key in value if _is_plain(key)))
        return
    for item in value:
        if item and isinstance(item, (dict, list)):
            first, *more = _block(item, depth + 1)
            yield f"{'  ' * depth}- {first.lstrip(' ')}"
            yield from more
        else:
            yield f"{'  ' * depth}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return text.lower() not in _WORDS and _PLAIN.fullmatch(text) is not None


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in quoted)


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"
