"""What most ``conf.yaml`` are, read without a YAML library: loading one takes a third of the time of a whole ``hai-cli list``.

Only what can mean one thing is read here; anything else is left to ruamel.yaml.
"""

from __future__ import annotations

import re
from typing import Any, Optional

_KEY = r"(?P<indent>(?:  )*)(?P<key>[A-Za-z_][A-Za-z0-9_-]*):"
# Begins with a letter, so it is neither a number nor a date.
_PLAIN = r"(?P<plain>[A-Za-z][A-Za-z0-9_./:@%~+-]*[A-Za-z0-9_./-])"
_LINE = re.compile(rf"{_KEY}(?:[ ]+(?:{_PLAIN}|'(?P<single>[^'\\\n]*)'|\"(?P<double>[^\"\\\n]*)\"))?(?:[ ]*|[ ]+#[^\n]*)", re.ASCII)
_NO_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "inf", "nan"})


def plain_mapping(text: str) -> Optional[dict[str, Any]]:
    """The mapping that a text of nothing but ``key: text`` lines, nested by two blanks, means; None where it may be more than that."""
    if not text.isprintable() and not text.replace("\n", "").isprintable():
        return None
    top: dict[str, Any] = {}
    open_ones: list[dict[str, Any]] = [top]
    last: Optional[tuple[dict[str, Any], str]] = None  # a key that has nothing behind it yet
    for line in text.split("\n"):
        if not line.strip(" ") or line.lstrip(" ").startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        depth = len(match["indent"]) // 2
        if depth == len(open_ones) and last is not None:
            inner: dict[str, Any] = {}
            last[0][last[1]] = inner
            open_ones.append(inner)
        elif depth >= len(open_ones):
            return None
        del open_ones[depth + 1 :]
        values = [value for value in match.group("plain", "single", "double") if value is not None]
        key, value = match["key"], values[0] if values else None
        is_odd = match["plain"] is not None and match["plain"].lower() in _NO_TEXT
        if key in open_ones[depth] or key.lower() in _NO_TEXT or is_odd:
            return None
        open_ones[depth][key] = value
        last = (open_ones[depth], key) if value is None else None
    return top
