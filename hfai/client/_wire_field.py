"""Attributes of objects that came over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Mapping, Optional, TypeVar, Union, overload

_T = TypeVar("_T")


class WireField(Generic[_T]):
    """An attribute that is a key of the object's ``_task``, under its own name.

    Args:
        default: what it is where the server does not say.
    """

    def __init__(self, default: Optional[_T] = None) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> WireField[_T]: ...
    @overload
    def __get__(self, owner: Any, kind: type) -> _T: ...
    def __get__(self, owner: Any, kind: type) -> Union[WireField[_T], _T]:
        if owner is None:
            return self
        task: Mapping[str, Any] = owner._task
        value: _T = task.get(self._name, self._default)
        return value


class WireTime(WireField[datetime]):
    """The same for a time: naive local ISO text on the wire, a naive local datetime here."""

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self
        return wire_time(super().__get__(owner, kind))


def wire_time(text: Any) -> Optional[datetime]:
    """The time that a text of the wire means; None for none."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
