"""How much room a text takes on a screen, and texts wrapped to a width: wide (CJK) characters take two columns."""

from __future__ import annotations

import re
import unicodedata

_WIDE = "\u2e80-\uffdc"
# Where a line may end: beside spaces and wide characters, but not in front of their closing marks.
_WORD_ENDS = rf"(?<=\S)(?=\s)|(?<=\s)(?=\S)|(?<=[{_WIDE}])(?![，。：；）、！？])|(?=[{_WIDE}])(?![，。：；）、！？])"
# Inside a word: behind _ / and a comma, and behind a dash or dot. Dates, versions and options stay whole.
# Texts, since compiling them takes longer than many a command that only measures; re keeps what it has compiled.
_BREAKS = rf"{_WORD_ENDS}|(?<=[_/,])(?=[^\s_/,])|(?<=\w[-.])(?=[^\W\d])"


def text_width(text: str) -> int:
    """Columns of the screen that the text takes.

    Example:
        >>> text_width("训练 a")
        6
    """
    if text.isascii():
        return len(text)
    return sum(map(_sign_width, text))


def _sign_width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def pieces(text: str) -> list[str]:
    """The text cut where a line may end; put together again they are the text.

    Example:
        >>> pieces("my_exp 2026-01-31")
        ['my_', 'exp', ' ', '2026-01-31']
    """
    return [piece for piece in re.split(_BREAKS, text) if piece]


def _words(text: str) -> list[str]:
    return [piece for piece in re.split(_WORD_ENDS, text) if piece]


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most that many columns; a word that is longer is cut. At least one line.

    Example:
        >>> wrap("suspend_count", 8)
        ['suspend_', 'count']
    """
    if text_width(text) <= width:
        return [text]
    lines, line = [], ""
    # A name is cut at its marks only where a whole line has no room for it.
    whole = _words(text)
    for piece in (part for word in whole for part in ([word] if text_width(word) <= width else pieces(word))):
        if text_width(line + piece) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
            line = ""
        if piece.isspace():
            continue
        while text_width(piece) > width:
            head = _first(piece, width)
            lines.append(head)
            piece = piece[len(head) :]
        line = piece
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _first(text: str, width: int) -> str:
    """As much of the text as fits, and at least one sign."""
    at = 1
    while at < len(text) and text_width(text[: at + 1]) <= width:
        at += 1
    return text[:at]
