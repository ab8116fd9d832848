"""``hai-cli exec FILE [ARGS]``: run a program here, as a task, or as if it were one."""

from __future__ import annotations

from hfai.cli.language import mark
from hfai.cli.script_place import place_program
from hfai.cli.splitting import Split
from hfai.cli.submitting import add_tail, parse_split, run_split

__all__ = ["EXAMPLES", "add_tail", "parse_words", "run_words"]

EXAMPLES = (
    ("hai-cli exec ./simulate --steps 100", mark("run it here, without the platform")),
    ("hai-cli exec ./simulate --steps 100 -- -n 1 -e OMP_NUM_THREADS=8", mark("submit it on one node with a variable")),
    ("hai-cli exec ./simulate ++ -ss 10", mark("run it here; after 10 s it is told to suspend")),
)


def parse_words(words: list[str]) -> Split:
    return parse_split("exec", words)


def run_words(words: list[str]) -> int:
    return run_split("exec", [], place_program, words)
