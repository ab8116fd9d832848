"""``hai-cli completion fish``: what fish is to source."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark

EXAMPLES = (
    ("hai-cli completion fish | source", mark("for this shell only")),
    ("hai-cli completion fish > ~/.config/fish/conf.d/hai-cli.fish", mark("for every new shell, by hand")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.completion.shells import code_for

    sys.stdout.write(code_for("fish"))
    return 0
