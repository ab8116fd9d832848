"""Bars: how much of something is in use, in block characters or in ASCII."""

from __future__ import annotations

import argparse
import sys
from typing import NamedTuple

from hfai.cli.language import tr

BAR_WIDTH = 10


class Signs(NamedTuple):
    """What a bar is drawn with: in use, wanted besides, not in use."""

    used: str
    wanted: str
    free: str
    start: str = ""
    end: str = ""


BLOCKS = Signs("█", "▒", "░")
ASCII = Signs("#", "+", ".", "[", "]")


def add_ascii(parser: argparse.ArgumentParser) -> None:
    """``--ascii``, for the commands that show bars."""
    parser.add_argument("-a", "--ascii", action="store_true", help=tr("bars in plain ASCII, without block characters"))


def can_show(text: str) -> bool:
    """Whether stdout can take these characters; what it cannot take would be shown as escapes."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar_signs(*, is_ascii: bool = False) -> Signs:
    """Blocks, unless ASCII is asked for or stdout takes nothing else."""
    return ASCII if is_ascii or not can_show("".join(BLOCKS)) else BLOCKS


def bar(used: float, total: float, signs: Signs, *, wanted: float = 0, width: int = BAR_WIDTH) -> str:
    """A bar for ``used`` of ``total``, and what is ``wanted`` besides; what is more than the total makes it full.

    Anything above nothing is at least one sign, and only what is full looks full.

    Example:
        >>> bar(2, 8, ASCII, wanted=1)
        '[##+.......]'
        >>> bar(1, 1000, ASCII), bar(999, 1000, ASCII), bar(9, 8, ASCII)
        ('[#.........]', '[#########.]', '[##########]')
    """
    filled = _cells(used, total, width)
    both = max(filled, _cells(used + wanted, total, width))
    if wanted and both == filled < width:
        both += 1
    cells = signs.used * filled + signs.wanted * (both - filled) + signs.free * (width - both)
    return f"{signs.start}{cells}{signs.end}"


def _cells(part: float, total: float, width: int) -> int:
    if part <= 0:
        return 0
    if part >= total:
        return width
    return min(width - 1, max(1, int(part / total * width)))
