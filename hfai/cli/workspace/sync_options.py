"""The options that the commands of ``workspace`` share, and that a submission from inside a workspace takes too."""

from __future__ import annotations

import argparse
from typing import Any

from hfai.cli.language import tr


def add_comparing(parser: argparse.ArgumentParser, *, short: bool = True) -> None:
    """How both sides are compared. ``short``: whether the letters are free here."""
    parser.add_argument(
        *_names("-n", "--no_checksum", short),
        action="store_true",
        help=tr("be content with size and time of writing where a file was copied or touched, do not read it again"),
    )
    parser.add_argument(
        *_names("-i", "--no_hfignore", short),
        action="store_true",
        help=tr("leave nothing out: neither what .hfignore names nor .git, __pycache__ and the like"),
    )


def add_network(parser: argparse.ArgumentParser, *, short: bool = True, contents: bool = True) -> None:
    """Limits of time, and the way to the platform. ``contents``: whether any travel."""
    parser.add_argument(
        *_names("-l", "--list_timeout", short),
        type=_seconds,
        metavar="S",
        help=tr("seconds that comparing may take; default: {value}", value=300),
    )
    if contents:
        parser.add_argument(
            *_names("-s", "--sync_timeout", short),
            type=_seconds,
            metavar="S",
            help=tr("seconds that all contents may take; default: as long as it needs"),
        )
    parser.add_argument(
        "--proxy", metavar="URL", help=tr("http://HOST:PORT on the way; default: as the environment says")
    )


def add_pushing(parser: argparse.ArgumentParser, *, short: bool = True) -> None:
    """Everything that a push takes, but for ``--dry-run``."""
    parser.add_argument("--force", action="store_true", help=tr("overwrite what has changed on the other side too"))
    add_comparing(parser, short=short)
    parser.add_argument(*_names("-z", "--no_zip", short), action="store_true", help=tr("do not compress what is sent"))
    parser.add_argument(
        *_names("-d", "--no_diff", short),
        action="store_true",
        help=tr("send everything, also what the other side has already"),
    )
    add_network(parser, short=short)


def network_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of the SDK for :func:`add_network`."""
    return {
        "list_timeout_s": arguments.list_timeout,
        "sync_timeout_s": arguments.sync_timeout,
        "proxy": arguments.proxy,
    }


def pushing_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of the SDK for :func:`add_pushing`."""
    return {
        "force": arguments.force,
        "checksum": not arguments.no_checksum,
        "hfignore": not arguments.no_hfignore,
        "zip": not arguments.no_zip,
        "diff": not arguments.no_diff,
        **network_of(arguments),
    }


def _names(letter: str, name: str, short: bool) -> tuple[str, ...]:
    return (letter, name) if short else (name,)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(tr("{value} is no number of seconds", value=text))
    return seconds
