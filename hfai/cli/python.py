"""``hai-cli python FILE [ARGS]``: run a python script here, as a task, or as if it were one."""

from __future__ import annotations

from hfai.cli.script_place import place_script
from hfai.cli.submitting import add_tail, run_split

__all__ = ["add_tail", "run_words"]


def run_words(words: list[str]) -> int:
    return run_split("python", ["python3"], place_script, words)
