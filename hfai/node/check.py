"""One look at a node and what came of it."""

from __future__ import annotations

from hfai.model.phrase import Phrase, packed, unpacked

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from typing import Any, Mapping, Optional

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Check:
    """What was looked at, what was found, and what was asked for.

    Args:
        name: a word that stays: ``memory``, ``log_space``, ...
        value: what was measured, None where nothing was.
        limit: the least that is good, or with ``is_most`` the most; None where nothing is asked for.
        unit: of both: ``bytes``, ``bytes/s``, ``s``, ``errors``, ``flop/s``, or empty.
        is_most: whether the limit is the most that is good.
        status: ``passed``, ``failed`` or ``skipped``; left out, what value and limit say.
        text: one sentence, a phrase: what is wrong, why it was skipped, or how it was measured.
        output: what the user's own check has printed.
    """

    __slots__ = ("is_most", "limit", "name", "output", "status", "text", "unit", "value")

    def __init__(
        self,
        name: str,
        value: Optional[float] = None,
        limit: Optional[float] = None,
        unit: str = "",
        *,
        is_most: bool = False,
        status: Optional[str] = None,
        text: Phrase = Phrase(""),  # noqa: B008 - it cannot be changed
        output: str = "",
    ) -> None:
        self.name = name
        self.value = value
        self.limit = limit
        self.unit = unit
        self.is_most = is_most
        self.text = text
        self.output = output
        if status is None:
            is_good = value is None or limit is None or (value <= limit if is_most else value >= limit)
            status = PASSED if is_good else FAILED
        self.status = status

    @property
    def has_failed(self) -> bool:
        return self.status == FAILED

    def to_wire(self) -> dict[str, Any]:
        """The check as JSON."""
        return {name: packed(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Check:
        """The check that :meth:`to_wire` was asked of."""
        values = {name: unpacked(body[name]) for name in cls.__slots__}
        return cls(values.pop("name"), **values)


def skipped(name: str, text: Phrase) -> Check:
    """What could not be looked at, or had not to be, and why."""
    return Check(name, status=SKIPPED, text=text)


def failed(name: str, text: Phrase) -> Check:
    """What failed without a measure, and how."""
    return Check(name, status=FAILED, text=text)


def amount(value: float, unit: str) -> str:
    """A measure in words that are the same in every language."""
    if not unit.startswith(("bytes", "flop")):
        return f"{value:.3g} {unit}".rstrip()
    step, names = (
        (1024.0, ("B", "KiB", "MiB", "GiB", "TiB"))
        if unit.startswith("bytes")
        else (1000.0, ("flop", "kflop", "Mflop", "Gflop", "Tflop"))
    )
    at = 0
    while value >= step and at < len(names) - 1:
        value, at = value / step, at + 1
    return f"{value:.4g} {names[at]}{'/s' if unit.endswith('/s') else ''}"
