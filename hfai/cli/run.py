"""``hai-cli run FILE``: submit a task file; options override what is in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from hfai.cli.cluster_options import add_following, add_placing
from hfai.cli.language import mark, tr
from hfai.model.errors import UsageError

_SCRIPTS = {".py": "python", ".sh": "bash"}

EXAMPLES = (
    ("hai-cli run my_exp.yaml", mark("submit a task file")),
    ("hai-cli run my_exp.yaml -n 2 -f", mark("on two nodes, following its log")),
    ("hai-cli run my_exp.yaml --dry-run", mark("check everything, submit nothing")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=tr("the task file"))
    add_placing(parser, defaults=False)
    add_following(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.submission import submit

    file = Path(arguments.file)
    if command := _SCRIPTS.get(file.suffix):
        raise UsageError(
            "{file} is a script, not a task file: `hai-cli {command} {file} -- -n 1` runs it as a task", file=str(file), command=command
        )
    return submit(file, arguments)
