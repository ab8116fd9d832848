"""A priority on the command line: its name, in whatever case, or its number."""

from __future__ import annotations

import argparse
from typing import Sequence

from hfai.cli.language import tr
from hfai.model.priorities import Priority


def priority_number(text: str, levels: Sequence[Priority] = tuple(Priority)) -> int:
    """The number of one of the priorities; what ``type=`` of an argument takes."""
    word = text.strip().upper().replace("-", "_")
    for level in levels:
        if word == level.name or (text.lstrip("-").isdecimal() and int(text) == level):
            return int(level)
    from hfai.cli.suggesting import nearest

    numbers = ", ".join(f"{level.name} ({int(level)})" for level in levels)
    if meant := nearest(text.upper(), [level.name for level in levels]):
        problem = tr("{value} is none of {choices} (did you mean {meant}?)", value=text, choices=numbers, meant=meant)
    else:
        problem = tr("{value} is none of {choices}", value=text, choices=numbers)
    raise argparse.ArgumentTypeError(problem)
