"""One act on several tasks, or on others that are named: a line for each that worked, a line on stderr for each that did not."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Callable, Iterable, Optional

from hfai.model.errors import HfaiError, NotAuthorised, UnreachableError

if TYPE_CHECKING:
    from hfai.client import Experiment


def each_task(arguments: argparse.Namespace, act: Callable[[Experiment], str]) -> int:
    """Do it to each task on the command line; see :func:`each`.

    Args:
        arguments: with ``experiment`` (words) and ``kind`` of :func:`~hfai.cli.experiment_argument.add_experiment`, and ``quiet``.
        act: does it and says in one line what that does.
    """
    from hfai.client import resolve

    def one(word: str) -> None:
        said = act(resolve(word, arguments.kind))
        if not arguments.quiet:
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()

    return each(arguments.experiment, one)


def each(words: Iterable[str], act: Callable[[str], None]) -> int:
    """Do it to each that is named, once; one that cannot be had does not keep the others.

    Returns:
        The exit status of the first failure, or 0.

    Raises:
        UnreachableError, NotAuthorised: the others would fail in the same way.
    """
    from hfai.cli.failing import say

    first: Optional[HfaiError] = None
    for word in dict.fromkeys(words):
        try:
            act(word)
        except (UnreachableError, NotAuthorised):
            raise
        except HfaiError as error:
            say(error)
            first = first or error
    return first.exit_status if first else 0
