"""``hai-cli python FILE [ARGS]``: run a python script here, as a task, or as if it were one."""

from __future__ import annotations

from hfai.cli.language import mark
from hfai.cli.script_place import place_script
from hfai.cli.splitting import Split
from hfai.cli.submitting import add_tail, parse_split, run_split

__all__ = ["EXAMPLES", "add_tail", "parse_words", "run_words"]

EXAMPLES = (
    ("hai-cli python train.py --epochs 3", mark("run it here, without the platform")),
    ("hai-cli python train.py --epochs 3 -- -n 2 -f", mark("submit it on two nodes and follow its log")),
    ("hai-cli python train.py ++ -ss 10", mark("run it here; after 10 s it is told to suspend")),
)


def parse_words(words: list[str]) -> Split:
    return parse_split("python", words)


def run_words(words: list[str]) -> int:
    return run_split("python", ["python3"], place_script, words)
