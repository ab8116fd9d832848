"""``hai-cli version``: the versions of client, protocol and Python, and of the server that commands go to."""

from __future__ import annotations

import argparse
import platform
from typing import Any, Optional

from hfai import PROTOCOL, __version__
from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, show_text

EXAMPLES = (
    ("hai-cli version", mark("client, protocol, Python and the server in use")),
    ("hai-cli version --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import server_info
    from hfai.client.platform import configured
    from hfai.model.errors import UnreachableError

    settings = configured()
    problem: Optional[UnreachableError] = None
    server = None
    try:
        server = server_info()
    except UnreachableError as error:
        # What runs here is told all the same: a script asks for it to find out why nothing answers.
        problem = error
    python = platform.python_version()
    is_own = settings.url is None
    body: dict[str, Any] = {
        "client": __version__,
        "protocol": PROTOCOL,
        "python": python,
        "context": settings.context,
        "server": settings.url,
        "server_kind": server and server.kind,
        "server_version": server and server.version,
        "server_protocol": server and server.protocol,
        "engine": (server and is_own and {"version": server.version, "protocol": server.protocol, "url": server.url}) or None,
    }
    lines = [f"hai-cli {__version__}", tr("protocol {protocol}, Python {python}", protocol=PROTOCOL, python=python)]
    if server is not None:
        version = server.version or tr("of unknown version")
        if server.kind == "haiplatform":
            lines.append(tr("server: HAI Platform {version} at {url}", version=version, url=server.url))
        elif is_own:
            lines.append(tr("engine: hfai {version} at {url}", version=version, url=server.url))
        else:
            lines.append(tr("server: hfai {version} at {url}", version=version, url=server.url))
        if server.protocol not in (None, PROTOCOL):
            lines.append(tr("it speaks protocol {protocol}", protocol=server.protocol))
    elif problem is None:
        lines.append(tr("engine: not running"))
    show_text(arguments, lambda: "\n".join(lines) + "\n", lambda: body)
    if problem is not None:
        raise problem
    return 0
