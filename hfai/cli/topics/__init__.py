"""What ``hai-cli help TOPIC`` explains, made of blocks so that the screen, docs/cli.md and the man page show the same."""

from __future__ import annotations

import importlib
from typing import NamedTuple, Sequence, Union

from hfai.cli.language import mark

# Each is a module here: ``exit-codes`` is ``exit_codes.py`` with a function ``blocks``.
TOPICS = {
    "exit-codes": mark("exit codes"),
    "task-file": mark("the task file"),
    "environment": mark("environment variables"),
    "contexts": mark("which platform is spoken to"),
}


class Terms(NamedTuple):
    """Words and what each means, in an order that stays."""

    rows: Sequence[tuple[str, str]]


class Code(NamedTuple):
    """Lines that are shown as they are."""

    text: str


# A text without a class around it is a paragraph.
Block = Union[str, Terms, Code]


def blocks_of(topic: str) -> Sequence[Block]:
    """The blocks of one of ``TOPICS``, in the user's language."""
    found: Sequence[Block] = importlib.import_module(f"{__name__}.{topic.replace('-', '_')}").blocks()
    return found
