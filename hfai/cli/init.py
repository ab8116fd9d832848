"""``hai-cli init <token>``: write the client's configuration."""

from __future__ import annotations

import argparse

from hfai.cli.language import tr
from hfai.cli.output import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", metavar="<token>", help=tr("your token on the platform"))
    parser.add_argument(
        "--url", metavar="URL", help=tr("address of a HAI Platform or of a shared engine; default: the engine on this machine")
    )


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import init

    path = init(arguments.token, url=arguments.url)
    note(tr("the configuration is in {path}", path=path))
    return 0
