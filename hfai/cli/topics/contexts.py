"""How hai-cli finds the platform it speaks to."""

from __future__ import annotations

from typing import Sequence

from hfai.cli.language import tr
from hfai.cli.topics import Block, Code


def blocks() -> Sequence[Block]:
    return (
        tr(
            "With nothing configured hai-cli speaks to the engine of this machine, which is started by the first command that"
            " needs it. `hai-cli init <token> --url URL` makes it speak to another server: a HAI Platform or a shared engine."
        ),
        tr(
            "What counts is the configuration file, ~/.hai/conf.yaml unless HFAI_CLIENT_CONFIG names another; where it has no"
            " url or token, MARSV2_SERVER and MARSV2_USER_TOKEN. It holds one server, as HAI writes it:"
        ),
        Code('url: "https://hai.example.org"\ntoken: "ACCESS-0123"'),
        tr("or several under names, of which one is current; the name local stands for the engine of this machine:"),
        Code(
            "current: cluster\ncontexts:\n  cluster:\n    url: https://hai.example.org\n    token: ACCESS-0123\n"
            "  lab:\n    url: http://192.0.2.7:8080\n    token: 0123456789abcdef"
        ),
        tr(
            "`hai-cli init <token> --url URL --context NAME` writes one, `hai-cli context list` shows them, `hai-cli context use NAME`"
            " makes one the current, and `hai-cli --context NAME COMMAND`, or HFAI_CONTEXT=NAME, uses one for a single command."
            " Back to the engine of this machine: `hai-cli context use local`."
        ),
        tr("Inside a task its own platform counts, whatever the file says."),
        tr(
            "The file has mode 0600, since tokens are in it; comments and keys of your own stay when it is changed."
            " `hai-cli init -` reads the token from standard input, so that no history keeps it."
            " `hai-cli version` says which server counts now."
        ),
    )
