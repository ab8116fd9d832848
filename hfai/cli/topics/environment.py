"""Every environment variable, from the table that hfai itself reads (hfai.model.env)."""

from __future__ import annotations

from typing import Iterator, Sequence

from hfai.cli.language import mark, tr
from hfai.cli.topics import Block, Terms
from hfai.model.env import INHERITED, VARIABLES

_GROUPS = (
    ("you", mark("What you may set for hfai:")),
    ("shell", mark("What the system and other programs set and hfai reads:")),
    ("task", mark("What the engine sets for each rank of a task:")),
    ("guest", mark("What the engine adds for what `hai-cli ssh` and `hai-cli prof` run beside a task:")),
    ("simulation", mark("What `hai-cli python FILE ++` sets besides, for a task that is simulated here:")),
)


def blocks() -> Sequence[Block]:
    return list(_blocks())


def _blocks() -> Iterator[Block]:
    for group, title in _GROUPS:
        yield tr(title)
        yield Terms([(name, tr(meaning)) for name, by, meaning in VARIABLES if by == group])
    yield tr("A task takes these over from the shell that it was submitted from, unless --no_inherit is given:")
    yield " ".join(INHERITED)
