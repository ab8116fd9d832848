"""``hai-cli platform up``: start the engine if it is not running."""

from __future__ import annotations

import argparse
import sys

from hfai.cli.output import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.platform.status import state_json, state_lines
    from hfai.client.platform import engine_up

    engine = engine_up()
    if arguments.json:
        print_json(state_json(engine))
    else:
        sys.stdout.write(state_lines(engine))
    return 0
