"""``Phrase``: a text that is still known as template and values, so that whoever shows it can say it in another language.

It is a text like any other: the English sentence. What knows no more of it than that, such as a log or an existing client, loses nothing.
Standard library only; the supervisor uses it too.
"""

from __future__ import annotations

TYPE_CHECKING = False  # a supervisor's memory counts per rank
if TYPE_CHECKING:
    from typing import Any, Mapping


class Phrase(str):
    """A sentence, or a part of one.

    Args:
        template: English, with ``{name}`` fields; without ``data`` it is the text as it is, braces and all.
        data: the values of the fields, which may be phrases again.

    Attributes:
        template, data: the same.

    Example:
        >>> said = Phrase("port {port} is taken", port=80)
        >>> said, said.data
        ('port 80 is taken', {'port': 80})
    """

    __slots__ = ("data", "template")
    template: str
    data: Mapping[str, Any]

    def __new__(cls, template: str, /, **data: Any) -> Phrase:
        self = super().__new__(cls, template.format(**data) if data else template)
        self.template, self.data = template, data
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return unpacked, (packed(self),)


def packed(value: Any) -> Any:
    """A value as JSON holds it: a phrase becomes ``{"text", "template", "data"}``, wherever it is in lists and mappings."""
    if isinstance(value, Phrase):
        return {"text": str(value), "template": value.template, "data": packed(value.data)}
    if isinstance(value, dict):
        return {key: packed(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [packed(one) for one in value]
    return value


def unpacked(value: Any) -> Any:
    """The value that :func:`packed` was given."""
    if isinstance(value, dict):
        if value.keys() == {"text", "template", "data"}:
            return phrase_of(value["text"], value["template"], value["data"])
        return {key: unpacked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unpacked(one) for one in value]
    return value


def phrase_of(text: Any, template: Any, data: Any) -> Phrase:
    """A phrase from its parts; from the text alone where the others are missing or do not fit together."""
    if isinstance(template, str) and isinstance(data, dict):
        try:
            return Phrase(template, **unpacked(data))
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            pass
    return Phrase(str(text))


def system_error(error: OSError) -> Phrase:
    """What the system says went wrong, and with which file."""
    problem = Phrase(error.strerror or str(error))
    return Phrase("{file}: {problem}", file=str(error.filename), problem=problem) if error.filename else problem


def spread(name: str, said: str) -> dict[str, Any]:
    """The entries of an object whose sentence ``name`` is: the text, and ``template`` and ``data`` beside it."""
    template, data = (said.template, said.data) if isinstance(said, Phrase) else (said, {})
    return {name: str(said), "template": template, "data": packed(data)}


def gathered(name: str, body: Mapping[str, Any]) -> Phrase:
    """The sentence that :func:`spread` was given; also from an object that has the text alone."""
    return phrase_of(body[name], body.get("template"), body.get("data"))
