"""``hai-cli version``: the versions of client, protocol and Python, and the server that is configured."""

from __future__ import annotations

import argparse
import platform
from typing import Optional

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
    from hfai.client.platform import configured, engine_status

    url: Optional[str] = configured().url
    engine = engine_status() if url is None else None
    python = platform.python_version()
    body = {
        "client": __version__,
        "protocol": PROTOCOL,
        "python": python,
        "server": url,
        "engine": engine and {"version": engine.version, "protocol": engine.protocol, "url": engine.url},
    }
    lines = [f"hai-cli {__version__}", tr("protocol {protocol}, Python {python}", protocol=PROTOCOL, python=python)]
    if url is not None:
        lines.append(tr("platform: {url}", url=url))
    elif engine is None:
        lines.append(tr("engine: not running"))
    else:
        lines.append(tr("engine: hfai {version} at {url}", version=engine.version, url=engine.url))
    return show_text(arguments, lambda: "\n".join(lines) + "\n", lambda: body)
