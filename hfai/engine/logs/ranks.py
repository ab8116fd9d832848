"""Which ranks somebody means: ``0``, ``all`` or ``0,3-5``."""

from __future__ import annotations

import re

from hfai.model.errors import RankNotFound
from hfai.model.records import Task

_PART = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


def parse_ranks(text: str, *, nodes: int, experiment: str) -> tuple[int, ...]:
    """The ranks in ascending order, each once.

    Args:
        text: ``all``, one rank, or ranks and ranges ``FIRST-LAST`` separated by commas.
        nodes: how many ranks the task has.
        experiment: how the refusal names the task.

    Raises:
        ValueError: the text is none of these.
        RankNotFound: the task has no such rank.
    """
    if text == "all":
        return tuple(range(nodes))
    ranks: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"ranks are all, a number, or a list like 0,3-5; not {text!r}")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first:
            raise ValueError(f"the range {part.strip()} ends before it begins")
        if last >= nodes:
            raise _no_rank(experiment, last if first < nodes else first, nodes)
        ranks.update(range(first, last + 1))
    return tuple(sorted(ranks))


def ensure_rank(task: Task, rank: int) -> None:
    """Refuse a rank that a task does not have.

    Raises:
        RankNotFound: naming those that it has.
    """
    if not 0 <= rank < task.nodes:
        raise _no_rank(task.nb_name, rank, task.nodes)


def _no_rank(experiment: str, rank: int, nodes: int) -> RankNotFound:
    return RankNotFound(experiment=experiment, rank=rank, ranks="0" if nodes == 1 else f"0-{nodes - 1}")
