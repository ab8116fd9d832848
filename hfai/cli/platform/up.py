"""``hai-cli platform up``: start the engine if it is not running."""

from __future__ import annotations

import argparse

from hfai.cli.language import mark
from hfai.cli.output import add_output, show_text

EXAMPLES = (
    ("hai-cli platform up", mark("start the engine of this machine; harmless if it runs")),
    ("hai-cli platform up --json", mark("the same, with its address for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.status import state_json, state_lines
    from hfai.client.platform import engine_up

    engine = engine_up()
    return show_text(arguments, lambda: state_lines(engine), lambda: state_json(engine))
