"""An error, or a sentence of the engine such as why a task waits, in the user's language: its template and the phrases among its values."""

from __future__ import annotations

import re
from typing import Any, Mapping

from hfai.cli.language import mark, tr
from hfai.model.errors import HfaiError
from hfai.model.phrase import Phrase

# Values that are phrases of ours, not words of the user's.
_PHRASES = ("allowed", "found", "problem", "reason", "message")
_POSITION = "{file}:{line}:{column}: "
# What hfai.model.checks.shown makes of a value that cannot be used.
_FOUND = (
    (re.compile(r"the number (?P<value>\S+)"), mark("the number {value}")),
    (
        re.compile(r"(?P<value>['\"].*['\"]) \((?P<length>\d+) characters\)", re.DOTALL),
        mark("{value} ({length} characters)"),
    ),
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
# What the system says of files, ports and programs.
SYSTEM_WORDS = (
    mark("Address already in use"),
    mark("Cannot allocate memory"),
    mark("Connection refused"),
    mark("Connection reset by peer"),
    mark("Connection timed out"),
    mark("Device or resource busy"),
    mark("Exec format error"),
    mark("File exists"),
    mark("File name too long"),
    mark("Input/output error"),
    mark("Is a directory"),
    mark("Name or service not known"),
    mark("Network is unreachable"),
    mark("No route to host"),
    mark("No space left on device"),
    mark("No such file or directory"),
    mark("Not a directory"),
    mark("Operation not permitted"),
    mark("Permission denied"),
    mark("Read-only file system"),
    mark("Temporary failure in name resolution"),
    mark("Too many open files"),
)


def in_words(error: HfaiError) -> str:
    """The error's message in the user's language, on one line."""
    return " ".join(filled(error.template, error.data).splitlines())


def filled(template: str, data: Mapping[str, Any]) -> str:
    """A template of the engine or the client in the user's language, with its values in it."""
    prefix = ""
    if template.startswith(_POSITION):
        prefix, template = _POSITION, template[len(_POSITION) :]
    values = {name: _value(name, value) for name, value in data.items()}
    try:
        text = prefix + _translated(template)
        return text.format(**values) if data else text
    except (KeyError, IndexError, ValueError):
        return (prefix + template).format(**data)


def said(sentence: str) -> str:
    """A sentence of the engine or the client in the user's language."""
    return filled(sentence.template, sentence.data) if isinstance(sentence, Phrase) else str(phrase(sentence))


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Phrase):
        return said(value)
    return phrase(value) if name in _PHRASES else value


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
