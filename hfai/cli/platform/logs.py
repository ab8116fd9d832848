"""``hai-cli platform logs``: the engine's own log."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import BinaryIO, Iterator, Optional

from hfai.cli.language import mark, tr
from hfai.cli.output import note

_LOOK_AGAIN_S = 0.2
_BLOCK_BYTES = 1 << 20

EXAMPLES = (
    ("hai-cli platform logs | tail -20", mark("the last words of the engine")),
    ("hai-cli platform logs -f", mark("what it writes from now on too")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help=tr("go on with what is written to it from now on"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.log_options import stdout_bytes
    from hfai.client.platform import engine_log

    path, write = engine_log(), stdout_bytes()
    if not path.exists() and not arguments.follow:
        note(tr("the engine has not written a log yet: {path}", path=str(path)))
    for block in _blocks(path, follow=arguments.follow):
        write(block)
    return 0


def _blocks(path: Path, *, follow: bool) -> Iterator[bytes]:
    """The file, then what is added to it; it may be replaced by a new one, or come into being later."""
    file: Optional[BinaryIO] = None
    inode: Optional[int] = None
    try:
        while True:
            block = file.read(_BLOCK_BYTES) if file else b""
            if block:
                yield block
                continue
            now = path.stat().st_ino if path.exists() else inode
            if now != inode:
                if file:
                    file.close()
                file, inode = path.open("rb"), now
            elif not follow:
                return
            else:
                time.sleep(_LOOK_AGAIN_S)
    finally:
        if file:
            file.close()
