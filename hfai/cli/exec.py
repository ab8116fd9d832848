"""``hai-cli exec FILE [ARGS]``: run a program here, as a task, or as if it were one."""

from __future__ import annotations

from hfai.cli.script_place import place_program
from hfai.cli.submitting import add_tail, run_split

__all__ = ["add_tail", "run_words"]


def run_words(words: list[str]) -> int:
    return run_split("exec", [], place_program, words)
