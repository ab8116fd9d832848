"""What the values of options may be, for argparse."""

from __future__ import annotations

import argparse
import math

from hfai.cli.language import tr


def seconds(text: str) -> float:
    """A number of seconds from 0 on.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(tr("{value} is no number of seconds", value=text))
    return number
