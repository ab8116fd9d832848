"""``hai-cli init <token>``: check a token with its server and write both to the client's configuration."""

from __future__ import annotations

import argparse
import os

from hfai.cli.completion_names import removable_contexts
from hfai.cli.engine_notes import home_path
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note
from hfai.cli.server_text import server_text
from hfai.cli.stdin_line import stdin_line

EXAMPLES = (
    ("hai-cli init ACCESS-0123 --url https://hai.example.org", mark("use a HAI Platform from now on")),
    (
        "hai-cli init - --url http://192.0.2.7:8080 --context lab",
        mark("a shared engine as well; asks for the token, which no history keeps"),
    ),
    ("hai-cli init 0123456789abcdef", mark("another token for the server in use")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", metavar="<token>", help=tr("your token on the platform; -: read from standard input"))
    parser.add_argument(
        "--url", metavar="URL", help=tr("address of a HAI Platform or of a shared engine; default: the server in use now")
    )
    action = parser.add_argument(
        "--context", metavar="NAME", help=tr("keep it under this name, beside others; default: default")
    )
    action.completer = removable_contexts  # type: ignore[attr-defined]
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.wording import in_words
    from hfai.client import init

    token = stdin_line(tr("token: ")) if arguments.token == "-" else arguments.token
    done = init(token, url=arguments.url, context=arguments.context)
    names = {"hfai": tr("an hfai engine"), "haiplatform": "HAI Platform"}
    kind = names[done.kind] + (f" {done.version}" if done.version else "")
    server = server_text(done.url)
    if not arguments.quiet:
        note(tr("you are {user} on {server} ({kind})", user=done.user.user_name, server=server, kind=kind))
    if done.exchange_error is not None:
        reason = in_words(done.exchange_error)
        note(tr("the platform gave no access token for this token, which is kept as it is: {reason}", reason=reason))
    if not arguments.quiet:
        note(tr("the configuration is in {path}, context {name}", path=home_path(done.file), name=done.context))
    chosen = os.environ.get("HFAI_CONTEXT")
    if chosen and chosen != done.context:
        note(tr("HFAI_CONTEXT is set and goes before this: {name}", name=chosen))
    return 0
