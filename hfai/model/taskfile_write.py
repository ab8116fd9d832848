"""Writing a task file.

Written by hand rather than by a YAML library: quotes stand exactly where a reader of YAML 1.1 or 1.2 would otherwise
see something else than text, and ``hai-cli describe`` starts without importing one.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping

from hfai.model.spec import TaskSpec
from hfai.model.spec_reading import KNOWN_KEYS

_PLAIN = re.compile(r"(?:[A-Za-z/]|--[A-Za-z])[A-Za-z0-9_./+@%=-]*(?: [A-Za-z0-9_./+@%=-]+)*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def dump_task_file(task: TaskSpec) -> str:
    """The task as a task file that :func:`~hfai.model.taskfile.load_task_file` reads as the same task.

    The same up to its workspace where that is empty or relative: reading takes it from the current directory.
    Unknown keys are written in quotes, which keeps them from being taken for typos.

    Returns:
        YAML in UTF-8 text, with a line break at the end.

    Example:
        >>> print(dump_task_file(TaskSpec(name="x", entrypoint="a.py", workspace="/w")).splitlines()[1])
        name: x
    """
    body = task.to_wire()
    if task.task_type == "training":
        del body["task_type"]
    lines: list[str] = []
    for key, value in body.items():
        if key in ("spec", "resource", "options"):
            lines += [f"{key}:", *_items(value, 1, KNOWN_KEYS[key])] if value else []
        else:
            lines += _items({key: value}, 0, KNOWN_KEYS[""])
    return "\n".join(lines) + "\n"


def _items(mapping: Mapping[str, Any], depth: int, known: tuple[str, ...]) -> Iterator[str]:
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
        yield from _items(value, depth, tuple(key for key in value if _is_plain(key)))
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
