"""``hai-cli completion zsh``: what zsh is to source."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.language import mark

EXAMPLES = (
    ("hai-cli completion zsh > hai-cli.zsh", mark("a file to source where you like")),
    ("hai-cli completion zsh >> ~/.zshrc", mark("for every new shell, by hand")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.completion.shells import code_for

    sys.stdout.write(code_for("zsh"))
    return 0
