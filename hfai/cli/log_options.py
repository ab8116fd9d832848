"""The options of ``logs`` and the view they ask for."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import re
import sys
from typing import Callable, Optional, Union

from hfai.cli.language import tr
from hfai.cli.log_lines import collapsed, split_stamp
from hfai.cli.log_views import LineView, LiveView, LogView, PlainView, RawView, Write
from hfai.cli.output import is_coloured
from hfai.model.errors import UsageError

_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Which part of the log: ranks, times, lines."""
    parser.add_argument("-r", "--rank", default="0", metavar="N|all|0,3-5", help=tr("whose log; default: 0"))
    parser.add_argument("--tail", type=int, metavar="N", help=tr("begin N lines before the end"))
    parser.add_argument("--since", metavar="TIME", help=tr("from then on: 2026-01-31T14:30, 14:30 or 10m (ago)"))
    parser.add_argument("--until", metavar="TIME", help=tr("up to then, written the same way"))
    parser.add_argument("--grep", metavar="REGEX", help=tr("only lines in which the regular expression is found"))
    parser.add_argument("--raw", action="store_true", help=tr("the bytes that the task wrote: no stamps, no tables"))


_PIPE_BYTES = 1 << 20


def stdout_bytes() -> Write:
    """Writes to stdout and flushes: whoever reads a log there sees each line when it is written."""
    out = sys.stdout.buffer
    # Whoever reads a long log takes it in fewer, larger pieces. Linux only; refused where the user's pipes are used up.
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(out.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def write(data: Union[bytes, memoryview]) -> None:
        out.write(data)
        out.flush()

    return write


def view_for(arguments: argparse.Namespace, write: Write, nodes: int) -> LogView:
    """The view that the options ask for.

    Raises:
        UsageError: ``--grep`` is no regular expression, or ``--raw`` is asked for several ranks.
    """
    wanted = _filter(arguments.grep)
    if arguments.json:
        return LineView(write, lambda rank, run, line: _as_json(rank, run, line) if wanted(line) else None)
    has_several = is_several(arguments.rank, nodes)
    if arguments.raw and has_several:
        raise UsageError("--raw shows one rank: name it with --rank, not {rank}", rank=arguments.rank)
    if arguments.grep is None and not has_several:
        if arguments.raw:
            return RawView(write)
        is_live = sys.stdout.isatty() and is_terminal_able()
        return LiveView(write) if is_live else PlainView(write)
    prefix = _prefixer(arguments.color) if has_several else lambda rank: b""

    def show(rank: int, run: int, line: bytes) -> Optional[bytes]:
        if not wanted(line):
            return None
        return prefix(rank) + (split_stamp(line)[1] if arguments.raw else collapsed(line)) + b"\n"

    return LineView(write, show)


def is_several(rank: str, nodes: int) -> bool:
    """Whether lines need their rank in front."""
    return nodes > 1 and not rank.strip().isdigit()


def is_terminal_able() -> bool:
    """Whether the terminal can go back on a line."""
    import os

    return os.environ.get("TERM", "dumb") != "dumb"


def _prefixer(color: str) -> Callable[[int], bytes]:
    coloured = is_coloured(sys.stdout, color)

    def prefix(rank: int) -> bytes:
        text = f"[rank {rank}] "
        return f"\x1b[{_COLOURS[rank % len(_COLOURS)]}m{text}\x1b[0m".encode() if coloured else text.encode()

    return prefix


def _filter(pattern: Optional[str]) -> Callable[[bytes], bool]:
    if pattern is None:
        return lambda line: True
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise UsageError(
            "--grep {pattern} is no regular expression: {problem}", pattern=pattern, problem=str(error)
        ) from None
    return lambda line: search(split_stamp(collapsed(line))[1].decode(errors="replace")) is not None


def _as_json(rank: int, run: int, line: bytes) -> bytes:
    stamp, text = split_stamp(line)
    time = stamp[1:27].decode().replace(" ", "T") or None
    body = {"rank": rank, "run": run, "time": time, "text": text.decode(errors="replace")}
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"
