"""``hai-cli version``: the versions of client, protocol and Python, and the server that is configured."""

from __future__ import annotations

import argparse
import platform
import sys
from typing import Optional

from hfai import PROTOCOL, __version__
from hfai.cli.language import tr
from hfai.cli.output import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client.platform import configured, engine_status

    url: Optional[str] = configured().url
    engine = engine_status() if url is None else None
    python = platform.python_version()
    if arguments.json:
        print_json(
            {
                "client": __version__,
                "protocol": PROTOCOL,
                "python": python,
                "server": url,
                "engine": engine and {"version": engine.version, "protocol": engine.protocol, "url": engine.url},
            }
        )
        return 0
    lines = [f"hai-cli {__version__}", tr("protocol {protocol}, Python {python}", protocol=PROTOCOL, python=python)]
    if url is not None:
        lines.append(tr("platform: {url}", url=url))
    elif engine is None:
        lines.append(tr("engine: not running"))
    else:
        lines.append(tr("engine: hfai {version} at {url}", version=engine.version, url=engine.url))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
