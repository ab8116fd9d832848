"""``haienv run NAME -- COMMAND``: one command inside an environment, without entering it."""

from __future__ import annotations

import argparse
import os

from hfai.cli.haienv.arguments import add_name, add_owner
from hfai.cli.language import mark, tr
from hfai.model.errors import UsageError

_DIVIDER = "--"
USAGE = mark("hai-cli haienv run ENVIRONMENT [OPTIONS] -- COMMAND [ARGS]")
EXAMPLES = (
    ("hai-cli haienv run extenv -- python train.py", mark("its exit code is that of haienv")),
    ("hai-cli haienv run extenv -u alice -- pip list", mark("in another user's environment")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_owner(parser)


def parse_words(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the command behind the first ``--``."""
    from hfai.cli.parsing import Parser

    if _DIVIDER not in words and len(words) > 1 and not any(word.startswith("-") for word in words[:2]):
        raise UsageError("name the command behind `--`: `haienv run {name} -- {command}`", name=words[0], command=words[1])
    at = words.index(_DIVIDER) if _DIVIDER in words else len(words)
    parser = Parser(("haienv", "run"), usage=tr(USAGE))
    add_arguments(parser)
    return parser.parse_args(words[:at]), words[at + 1 :]


def run_words(words: list[str]) -> int:
    from hfai import haienv
    from hfai.cli.submitting import become
    from hfai.haienv.activation import applied, entered

    arguments, command = parse_words(words)
    if not command:
        raise UsageError("name the command: `haienv run {name} -- COMMAND`", name=arguments.name)
    one = haienv.find(arguments.name, arguments.user)
    become(command, applied(os.environ, entered(one, os.environ)))
