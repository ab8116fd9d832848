"""A secret from standard input, so that it is in no history and no list of processes."""

from __future__ import annotations

import sys

from hfai.model.errors import UsageError

_LONGEST = 4096


def stdin_line(prompt: str) -> str:
    """The first line of standard input; on a terminal it is asked for and not shown.

    Raises:
        UsageError: there is none.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        try:
            return getpass.getpass(prompt, sys.stderr).strip()
        except EOFError:
            raise UsageError("standard input holds no token") from None
    try:
        line = sys.stdin.readline(_LONGEST).strip() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        line = ""
    if not line:
        raise UsageError("standard input holds no token")
    return line
