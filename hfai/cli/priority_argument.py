"""A priority on the command line: its name, in whatever case, or its number."""

from __future__ import annotations

import argparse

from hfai.cli.language import tr
from hfai.model.priorities import Priority


def priority_number(text: str) -> int:
    """The number of a priority; what ``type=`` of an argument takes."""
    if text.lstrip("-").isdecimal():
        if int(text) in set(Priority):
            return int(text)
    elif (word := text.strip().upper().replace("-", "_")) in Priority.__members__:
        return int(Priority[word])
    from hfai.cli.suggesting import nearest

    numbers = ", ".join(f"{level.name} ({int(level)})" for level in Priority)
    if meant := nearest(text.upper(), Priority.__members__):
        problem = tr("{value} is none of {choices} (did you mean {meant}?)", value=text, choices=numbers, meant=meant)
    else:
        problem = tr("{value} is none of {choices}", value=text, choices=numbers)
    raise argparse.ArgumentTypeError(problem)
