"""``hai-cli init <token>``: write the client's configuration."""

from __future__ import annotations

import argparse

from hfai.cli.engine_notes import home_path
from hfai.cli.language import mark, tr
from hfai.cli.output import note

EXAMPLES = (
    ("hai-cli init ACCESS-0123 --url https://hai.example.org", mark("use a HAI Platform from now on")),
    ("hai-cli init 0123456789abcdef", mark("set the token of the platform in use")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", metavar="<token>", help=tr("your token on the platform"))
    parser.add_argument(
        "--url", metavar="URL", help=tr("address of a HAI Platform or of a shared engine; default: the engine on this machine")
    )


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import init

    done = init(arguments.token, url=arguments.url)
    server = done.url or tr("the engine on this machine")
    note(tr("you are {user} on {server}", user=done.user.user_name, server=server))
    note(tr("the configuration is in {path}", path=home_path(done.file)))
    return 0
