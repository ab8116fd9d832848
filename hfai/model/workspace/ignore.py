"""``.hfignore``: the patterns of gitignore(5), with the same meaning; ``tests/model/workspace/test_ignore.py`` compares with git.

Git compares bytes, so do these: ``?`` is one byte. Patterns of a directory deeper down count after those above it, and
the last pattern that matches decides. What is in a directory that is left out cannot be brought back.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Sequence

from hfai.model.workspace.usual import DEFAULTS

_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": rb"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb" \t\n\x0b\x0c\r",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}


class _Pattern(NamedTuple):
    regex: re.Pattern[bytes]
    is_negated: bool
    only_directories: bool
    is_anchored: bool


class Rules:
    """The patterns that count in one directory.

    Args:
        lines: of one ignore file.
        base: its directory, relative to the root, with ``/`` at its end; empty for the root itself.
        above: the rules of the directory above.
    """

    def __init__(self, lines: Sequence[bytes], base: bytes = b"", above: Optional[Rules] = None) -> None:
        self._base = base
        self._above = above
        self._patterns = [pattern for pattern in map(_pattern, lines) if pattern is not None][::-1]
        # Names alone, as in the usual list: one expression for all of them.
        self._names: Optional[re.Pattern[bytes]] = None
        if not any(pattern.is_negated or pattern.only_directories or pattern.is_anchored for pattern in self._patterns):
            self._names = re.compile(b"|".join(pattern.regex.pattern for pattern in self._patterns), re.DOTALL)

    def is_ignored(self, path: bytes, *, is_directory: bool) -> bool:
        """Whether a path is left out, given that the directory it is in is not."""
        return bool(self._verdict(path, path.rpartition(b"/")[2], is_directory))

    def _verdict(self, path: bytes, name: bytes, is_directory: bool) -> Optional[bool]:
        if self._names is not None:
            is_matching = bool(self._patterns) and self._names.fullmatch(name) is not None
            return (
                True if is_matching else None if self._above is None else self._above._verdict(path, name, is_directory)
            )
        inner = path[len(self._base) :]
        for regex, is_negated, only_directories, is_anchored in self._patterns:
            if (is_directory or not only_directories) and regex.fullmatch(inner if is_anchored else name):
                return not is_negated
        return None if self._above is None else self._above._verdict(path, name, is_directory)


def ignore_lines(text: bytes) -> list[bytes]:
    """The lines of an ignore file."""
    text = text[3:] if text.startswith(b"\xef\xbb\xbf") else text
    return [line[:-1] if line.endswith(b"\r") else line for line in text.split(b"\n")]


def default_rules() -> Rules:
    """What is left out without any ``.hfignore``; always the same object."""
    return _USUAL


def _pattern(line: bytes) -> Optional[_Pattern]:
    if line.startswith(b"#"):
        return None
    text = _without_trailing_blanks(line)
    is_negated = text.startswith(b"!")
    text = text[1:] if is_negated else text
    only_directories = text.endswith(b"/")
    text = text[:-1] if only_directories else text
    if not text:
        return None
    is_anchored = b"/" in text
    text = text[1:] if text.startswith(b"/") else text
    regex = _regex(text) if text else None
    return None if regex is None else _Pattern(re.compile(regex, re.DOTALL), is_negated, only_directories, is_anchored)


def _without_trailing_blanks(line: bytes) -> bytes:
    end = at = 0
    while at < len(line):
        if line[at : at + 1] == b"\\":
            at += 1
            if at >= len(line):
                return line
            end = at + 1
        elif line[at : at + 1] != b" ":
            end = at + 1
        at += 1
    return line[:end]


def _regex(pattern: bytes) -> Optional[bytes]:
    """The regular expression; None where the pattern can match nothing."""
    out, at = b"", 0
    # Git compares what is in front of the first sign by itself, so that to it ** begins the pattern there: a**/b is ab too.
    literal = re.match(rb"[^*?\\[\\\\]*", pattern).end()  # type: ignore[union-attr]  # matches always
    while at < len(pattern):
        sign = pattern[at : at + 1]
        if sign == b"*":
            stars = len(pattern[at:]) - len(pattern[at:].lstrip(b"*"))
            before, behind = pattern[:at], pattern[at + stars :]
            starts, ends = at == literal or before.endswith(b"/"), not behind or behind.startswith((b"/", b"\\/"))
            if stars > 1 and starts and ends:
                if behind.startswith(b"/"):
                    out += b"(?:.*/)?"
                    at += stars + 1
                    continue
                out += b".*"
            else:
                out += b"[^/]*"
            at += stars
        elif sign == b"?":
            out += b"[^/]"
            at += 1
        elif sign == b"[":
            made = _class(pattern, at + 1)
            if made is None:
                return None
            part, at = made
            out += part
        else:
            sign, at = _literal(pattern, at)
            if not sign:
                return None
            out += re.escape(sign)
            at += 1
    return out


def _literal(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The sign at a place, or behind the backslash there, and where it is; empty at the end of the pattern."""
    if pattern[at : at + 1] == b"\\":
        at += 1
    return pattern[at : at + 1], at


def _class(pattern: bytes, at: int) -> Optional[tuple[bytes, int]]:
    """A bracket expression from behind its ``[``, and where it ends; None if it never does."""
    is_negated = pattern[at : at + 1] in (b"!", b"^")
    at += is_negated
    inside, first, previous = b"", True, None
    while True:
        sign = pattern[at : at + 1]
        if not sign:
            return None
        if sign == b"]" and not first:
            break
        first = False
        if sign == b"[" and pattern[at + 1 : at + 2] == b":":
            end = pattern.find(b"]", at + 2)
            if end < 0:
                return None
            if pattern[end - 1 : end] == b":" and end - 1 >= at + 2:
                name = pattern[at + 2 : end - 1]
                if name not in _CLASSES:
                    return None
                inside += _CLASSES[name]
                at, previous = end + 1, None
                continue
        elif sign == b"-" and previous is not None and pattern[at + 1 : at + 2] not in (b"", b"]"):
            sign, at = _literal(pattern, at + 1)
            if not sign:
                return None
            if previous <= sign:
                inside += b"%s-%s" % (re.escape(previous), re.escape(sign))
            at, previous = at + 1, None
            continue
        sign, at = _literal(pattern, at)
        if not sign:
            return None
        inside += re.escape(sign)
        at, previous = at + 1, sign
    if not inside:
        return (b"[^/]" if is_negated else b"(?!)"), at + 1
    return (b"[^/%s]" % inside if is_negated else b"(?!/)[%s]" % inside), at + 1


_USUAL = Rules(DEFAULTS)
