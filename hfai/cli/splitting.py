"""``FILE [ARGS] -- OPTIONS``: which of several ``--`` and ``++`` divides the script's words from ours."""

from __future__ import annotations

import argparse
import shlex
from typing import Callable, NamedTuple, Optional, Sequence

from hfai.model.errors import UsageError

SUBMIT = "--"
SIMULATE = "++"


class Split(NamedTuple):
    """The command line in its halves.

    Attributes:
        how: ``--`` to submit, ``++`` to simulate, None to run here.
        words: the script and its arguments.
        options: what was behind the split, parsed; None where there was none.
    """

    how: Optional[str]
    words: list[str]
    options: Optional[argparse.Namespace]


def split_words(words: Sequence[str], parse: Callable[[str, list[str]], argparse.Namespace]) -> Split:
    """Divide at the last ``--`` or ``++`` whose right half can be read.

    A script may have a ``--`` of its own in front of that one.

    Args:
        words: everything behind ``python``, ``bash`` or ``exec``.
        parse: reads the right half, given the divider; raises UsageError where it cannot.

    Raises:
        UsageError: there are dividers, but nothing behind any of them can be read; both halves of the last are shown.
    """
    failure: Optional[UsageError] = None
    for at in range(len(words) - 1, -1, -1):
        if words[at] not in (SUBMIT, SIMULATE):
            continue
        try:
            return Split(words[at], list(words[:at]), parse(words[at], list(words[at + 1 :])))
        except UsageError as error:
            failure = failure or _unreadable(words, at, error)
    if failure is not None:
        raise failure
    return Split(None, list(words), None)


def _unreadable(words: Sequence[str], at: int, error: UsageError) -> UsageError:
    return UsageError(
        "what is behind {divider} cannot be read as options ({problem}); in front of it: `{script}`, behind it: `{options}`",
        divider=words[at],
        problem=error.data.get("problem") or error.said,
        script=shlex.join(words[:at]),
        options=shlex.join(words[at + 1 :]),
    )
