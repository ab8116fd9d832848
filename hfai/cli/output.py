"""The one writer: tables and JSON to stdout, notes to stderr, colours only where they are wanted."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, TextIO

from hfai.cli.language import tr


def add_json(parser: argparse.ArgumentParser) -> None:
    """The ``--json`` of every command that reads; its shapes are in docs/json.md."""
    parser.add_argument("-j", "--json", action="store_true", help=tr("print JSON and nothing else"))


def add_color(parser: argparse.ArgumentParser) -> None:
    """``--color``, for the commands that colour something."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="auto|always|never",
        help=tr("colours; default: on a terminal, unless NO_COLOR is set"),
    )


def is_coloured(stream: TextIO, wanted: str = "auto") -> bool:
    """Whether to colour what goes to the stream, for the value of ``--color``."""
    if wanted != "auto":
        return wanted == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(value: Any) -> None:
    """One JSON document on stdout, indented, non-ASCII as it is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def note(text: str) -> None:
    """One line for people, on stderr, after what is on stdout so far."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
