"""Reading one section of a task (``spec``, ``resource``, ...) key by key, with one clear line for whatever is wrong.

Every refusal has the key path as ``key``, what was there as ``found`` and what may stand there as ``allowed``; the
texts of ``allowed`` are fixed phrases, so that a client can say them in another language.
"""

from __future__ import annotations

import math
import re
from typing import Any, Mapping, Optional

from hfai.model.errors import InvalidTask

WRONG = "{key} is {found}: it must be {allowed}"
MISSING = "{key} is missing: it must be {allowed}"

# What one string handed to execve may hold on Linux, its NUL included (MAX_ARG_STRLEN).
EXEC_STRING_BYTES = 131072
_DEEPEST = 32
_SHOWN = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def shown(value: object) -> str:
    """A value as a message names it: its kind and, where it is short, itself."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}" if abs(value) < 1e40 else "no number of use here"
    if isinstance(value, str):
        if not value:
            return "an empty text"
        quoted = ascii(value) if _CONTROL.search(value) or not is_utf8(value) else f"'{value}'"
        return quoted if len(value) <= _SHOWN else f"{quoted[: _SHOWN - 3]}...' ({len(value)} characters)"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a Python {type(value).__name__}"


def wrong(key: str, value: object, allowed: str) -> InvalidTask:
    """The error for a value that cannot be used."""
    return InvalidTask(WRONG, key=key, found=shown(value), allowed=allowed)


def is_utf8(text: str) -> bool:
    """Whether the text can be stored and sent: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def has_control(text: str) -> bool:
    """Whether the text holds a control character, line breaks included."""
    return _CONTROL.search(text) is not None


class Section:
    """One mapping of the task, read key by key; what nobody asked for is :meth:`rest`.

    Args:
        value: what stands at ``path``; None counts as an empty section.
        path: key path for messages, empty for the whole task.

    Raises:
        InvalidTask: ``value`` is no mapping, or a key of it is no text.
    """

    def __init__(self, value: object, path: str = "") -> None:
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise wrong(path or "the task", value, "a mapping of keys to values")
        self.path = path
        self._left: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str) or not is_utf8(key):
                raise wrong(self.at(str(key).encode(errors="replace").decode()), key, "a key that is text")
            self._left[key] = item

    def at(self, key: str) -> str:
        """The key path of ``key`` in this section."""
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str) -> Any:
        """The value as it is, None where there is none."""
        return self._left.pop(key, None)

    def rest(self) -> dict[str, Any]:
        """Copies of the values that nobody took, as plain JSON values."""
        return {key: plain(value, self.at(key)) for key, value in self._left.items()}

    def text(self, key: str, default: Optional[str] = None, allowed: str = "text") -> str:
        """A text; a number counts as its digits; without ``default`` it must be there and hold something."""
        value = self.take(key)
        if value is None:
            if default is None:
                raise InvalidTask(MISSING, key=self.at(key), allowed=allowed)
            return default
        text = as_text(value, self.at(key), allowed)
        if default is None and not text.strip():
            raise wrong(self.at(key), value, allowed)
        return text

    def whole(self, key: str, default: int, low: int, high: int, allowed: str) -> int:
        """A whole number; true and false are none."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise wrong(self.at(key), value, allowed)
        return int(value)

    def seconds(self, key: str, low: float, high: float, allowed: str) -> Optional[float]:
        """A number of seconds, None where none is given; a whole number stays one."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise wrong(self.at(key), value, allowed)
        return value

    def flag(self, key: str) -> bool:
        """true or false, false where none is given."""
        value = self.take(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise wrong(self.at(key), value, "true or false")
        return value


def as_text(value: object, key: str, allowed: str) -> str:
    """A text that can be handed to a program; a number counts as its digits.

    Raises:
        InvalidTask: anything else, or a text with a NUL or with lone surrogates.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise wrong(key, value, allowed)
    if "\0" in value or not is_utf8(value):
        raise wrong(key, value, "text that a program can be given: UTF-8 without NUL")
    return str(value)


def plain(value: object, key: str, depth: int = 0) -> Any:
    """A deep copy made of JSON's own types only.

    Raises:
        InvalidTask: something in it has no JSON form, or it is nested deeper than 32 levels.
    """
    if depth > _DEEPEST:
        raise wrong(key, value, "nested less deeply")
    if isinstance(value, Mapping):
        return {str(name): plain(item, f"{key}.{name}", depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{key}[{number}]", depth + 1) for number, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong(key, value, "a finite number")
    if isinstance(value, str) and not is_utf8(value):
        raise wrong(key, value, "text in UTF-8")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise wrong(key, value, "text, a number, true, false, a list or a mapping")
