"""``hai-cli version``: the versions of client, protocol, Python and, if it runs, of the engine."""

from __future__ import annotations

import argparse
import platform
import sys

from hfai import PROTOCOL, __version__
from hfai.cli.language import tr
from hfai.cli.output import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.engine_state import engine_state

    engine = engine_state()
    python = platform.python_version()
    if arguments.json:
        versions = {"client": __version__, "protocol": PROTOCOL, "python": python}
        print_json({**versions, "engine": engine and {"version": engine["version"], "url": engine["url"]}})
        return 0
    sys.stdout.write(f"hai-cli {__version__}\n")
    sys.stdout.write(tr("protocol {protocol}, Python {python}", protocol=PROTOCOL, python=python) + "\n")
    if engine is None:
        sys.stdout.write(tr("engine: not running") + "\n")
    else:
        sys.stdout.write(tr("engine: hfai {version} at {url}", version=engine["version"], url=engine["url"]) + "\n")
    return 0
