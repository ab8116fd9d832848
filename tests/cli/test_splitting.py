"""Which of several dividers divides."""

from __future__ import annotations

import argparse

import pytest

from hfai.cli.splitting import split_words
from hfai.model.errors import UsageError


def parse(divider: str, options: list[str]) -> argparse.Namespace:
    """Only -n with a number, or nothing, can be read."""
    if options and (len(options) != 2 or options[0] != "-n" or not options[1].isdigit()):
        raise UsageError("no option {word}", word=options[0])
    return argparse.Namespace(divider=divider, options=options)


@pytest.mark.parametrize(
    ("line", "how", "words"),
    [
        ("f.py a b", None, "f.py a b"),
        ("f.py --", "--", "f.py"),
        ("f.py -- -n 2", "--", "f.py"),
        ("f.py a -- b -- -n 2", "--", "f.py a -- b"),
        ("f.py -- -n 2 ++ -n 3", "++", "f.py -- -n 2"),
        ("f.py ++ x -- -n 3", "--", "f.py ++ x"),
    ],
)
def test_the_last_that_can_be_read(line: str, how: str, words: str) -> None:
    split = split_words(line.split(), parse)
    assert (split.how, split.words) == (how, words.split())


def test_none_that_can_be_read() -> None:
    """The last one is what the message is about."""
    with pytest.raises(UsageError) as caught:
        split_words(["f.py", "--", "a", "--", "b"], parse)
    assert caught.value.data["script"] == "f.py -- a"
    assert caught.value.data["options"] == "b"
