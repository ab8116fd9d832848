"""An error, or the reason why a task waits, in the user's language: its template and the phrases among its values."""

from __future__ import annotations

import re
from typing import Any, Mapping

from hfai.cli.language import mark, tr
from hfai.model.errors import HfaiError

# Values that are phrases of ours, not words of the user's.
_PHRASES = ("allowed", "found", "problem", "reason", "message")
_POSITION = "{file}:{line}:{column}: "
# What hfai.model.checks.shown makes of a value that cannot be used.
_FOUND = (
    (re.compile(r"the number (?P<value>\S+)"), mark("the number {value}")),
    (re.compile(r"(?P<value>['\"].*['\"]) \((?P<length>\d+) characters\)", re.DOTALL), mark("{value} ({length} characters)")),
    (re.compile(r"a Python (?P<value>\w+)"), mark("a Python {value}")),
)
FOUND_WORDS = (
    mark("empty"),
    mark("true"),
    mark("false"),
    mark("an empty text"),
    mark("no number of use here"),
    mark("a mapping"),
    mark("a list"),
)


def in_words(error: HfaiError) -> str:
    """The error's message in the user's language, on one line."""
    return " ".join(filled(error.template, error.data).splitlines())


def filled(template: str, data: Mapping[str, Any]) -> str:
    """A template of the engine or the client in the user's language, with its values in it."""
    prefix = ""
    if template.startswith(_POSITION):
        prefix, template = _POSITION, template[len(_POSITION) :]
    values = {name: phrase(value) if name in _PHRASES else value for name, value in data.items()}
    try:
        return (prefix + _translated(template)).format(**values)
    except (KeyError, IndexError, ValueError):
        return (prefix + template).format(**data)


def _translated(template: str) -> str:
    whole = tr(template)
    if whole == template and "; " in template:
        # Put together of a statement and a hint, each of which is a message.
        at = template.rfind("; ")
        return tr(template[:at]) + tr(template[at:])
    return whole


def phrase(value: Any) -> Any:
    """A value that may be a phrase of ours; anything else comes back as it is."""
    if not isinstance(value, str):
        return value
    for pattern, message in _FOUND:
        if match := pattern.fullmatch(value):
            return tr(message, **match.groupdict())
    return tr(value)
