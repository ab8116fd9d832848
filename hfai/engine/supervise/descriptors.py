"""Open files of a process that has just been started: nothing of whoever started it is kept."""

from __future__ import annotations

import contextlib
import os


def tidy() -> None:
    """Fill the places 0, 1 and 2 where they are closed and close every other descriptor.

    A task inherits nothing but its standard streams; a listening socket of the daemon that reached it would keep the
    port taken for as long as the task runs.
    """
    null = os.open(os.devnull, os.O_RDWR)
    while null <= 2:
        null = os.dup(null)
        os.set_inheritable(null, True)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
                os.close(int(name))


def silence_stdin() -> None:
    """Let descriptor 0 read nothing instead of what it was."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null != 0:
        os.dup2(null, 0)
        os.close(null)
