"""Arguments of a request from its query string, with the refusals of HAI Platform for bad ones.

Refusals are HTTP 422 in the shape of FastAPI, which existing clients print; beside it they carry what
:class:`~hfai.model.errors.UsageError` has on the wire, which our client turns back into that error.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Mapping, Optional, Sequence
from urllib.parse import parse_qsl

from hfai.model.errors import UsageError

# The largest integer that SQLite keeps.
_LARGEST = 2**63 - 1
_WHOLE = re.compile(r"\s*[+-]?\d{1,4000}\s*", re.ASCII)
_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


class BadArguments(Exception):
    """Something in the request has the wrong shape; ``detail`` is FastAPI's list of what."""

    def __init__(self, detail: Sequence[dict[str, Any]]) -> None:
        self.detail = list(detail)
        super().__init__(self.detail)

    def to_wire(self) -> dict[str, Any]:
        first = self.detail[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        error = UsageError("{argument}: {problem}", argument=where, problem=first["msg"])
        return {"detail": self.detail, **error.to_wire()}


def problem(loc: Sequence[Any], msg: str, kind: str, ctx: Optional[Mapping[str, Any]] = None) -> dict[str, Any]:
    """One entry of FastAPI's ``detail``."""
    entry: dict[str, Any] = {"loc": list(loc), "msg": msg, "type": kind}
    if ctx:
        entry["ctx"] = dict(ctx)
    return entry


class Arguments:
    """The query of one request. What is wrong is gathered; :meth:`ensure_valid` raises all of it at once.

    Args:
        query_string: as it came, not decoded.
    """

    def __init__(self, query_string: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
            self._values.setdefault(name, []).append(value)
        self._problems: list[dict[str, Any]] = []

    def ensure_valid(self) -> None:
        """Raise BadArguments if anything asked for so far was wrong."""
        if self._problems:
            raise BadArguments(self._problems)

    def wrong(self, name: str, msg: str, kind: str = "value_error", **ctx: Any) -> None:
        """Note that an argument cannot be used."""
        self._problems.append(problem(("query", name), msg, kind, ctx))

    def optional(self, name: str) -> Optional[str]:
        """The text of an argument, the last one if it was given several times; None if it was not."""
        values = self._values.get(name)
        return values[-1] if values else None

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a repeatable argument."""
        return tuple(self._values.get(name, ()))

    def text(self, name: str, default: Optional[str] = None) -> str:
        """A text; without a default it must be there."""
        value = self.optional(name)
        if value is not None:
            return value
        if default is None:
            self.wrong(name, "field required", "value_error.missing")
        return default or ""

    def whole(self, name: str, default: Optional[int] = None) -> int:
        """A whole number that SQLite can hold; without a default it must be there."""
        value = self.optional(name)
        if value is None:
            if default is None:
                self.wrong(name, "field required", "value_error.missing")
            return default or 0
        if not _WHOLE.fullmatch(value):
            self.wrong(name, "value is not a valid integer", "type_error.integer")
            return 0
        number = int(value)
        if abs(number) > _LARGEST:
            kind = "value_error.number.not_le"
            self.wrong(name, f"ensure this value is less than or equal to {_LARGEST}", kind, limit_value=_LARGEST)
            return 0
        return number

    def optional_whole(self, name: str) -> Optional[int]:
        """A whole number, None if it was not given."""
        return None if self.optional(name) is None else self.whole(name)

    def seconds(self, name: str, default: float, most: float) -> float:
        """Seconds from 0 to ``most``."""
        value = self.optional(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= most:
            self.wrong(name, f"value is not a number of seconds from 0 to {most:g}", "type_error.float")
            return default
        return number

    def flag(self, name: str, default: bool) -> bool:
        """A truth value in any of the spellings that pydantic takes."""
        value = self.optional(name)
        if value is None:
            return default
        if value.lower() not in _TRUE | _FALSE:
            self.wrong(name, "value could not be parsed to a boolean", "type_error.bool")
        return value.lower() in _TRUE

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of several words."""
        value = self.text(name, default)
        if value not in choices:
            permitted = ", ".join(f"'{choice}'" for choice in choices)
            msg = f"value is not a valid enumeration member; permitted: {permitted}"
            self.wrong(name, msg, "type_error.enum", enum_values=list(choices))
        return value

    def local_time(self, name: str) -> Optional[float]:
        """A point in time as seconds since the epoch, from ISO text, local unless it names a zone."""
        value = self.optional(name)
        if not value:
            return None
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError):
            self.wrong(name, "invalid datetime format", "value_error.datetime")
            return None
