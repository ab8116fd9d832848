"""``hai-cli completion bash``: what bash is to source."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark

EXAMPLES = (
    ("hai-cli completion bash > hai-cli.bash", mark("a file to source where you like")),
    ("hai-cli completion bash >> ~/.bashrc", mark("for every new shell, by hand")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.completion.shells import code_for

    sys.stdout.write(code_for("bash"))
    return 0
