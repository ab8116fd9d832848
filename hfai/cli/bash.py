"""``hai-cli bash FILE [ARGS]``: run a bash script here, as a task, or as if it were one."""

from __future__ import annotations

from hfai.cli.language import mark
from hfai.cli.script_place import place_script
from hfai.cli.splitting import Split
from hfai.cli.submitting import add_tail, parse_split, run_split

__all__ = ["EXAMPLES", "add_tail", "parse_words", "run_words"]

EXAMPLES = (
    ("hai-cli bash train.sh", mark("run it here, without the platform")),
    ("hai-cli bash train.sh -- -n 1 --name my_exp", mark("submit it on one node under a name")),
    ("hai-cli bash train.sh ++ -ss 10", mark("run it here; after 10 s it is told to suspend")),
)


def parse_words(words: list[str]) -> Split:
    return parse_split("bash", words)


def run_words(words: list[str]) -> int:
    return run_split("bash", ["bash"], place_script, words)
