"""Signals as something to read: the loop wakes up, nothing runs in between."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable


_CAUGHT = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Found out once: asking for all of them takes a tenth of a millisecond, for each task.
_IGNORED_FROM_BIRTH = {signum for signum in signal.valid_signals() if signal.getsignal(signum) is signal.SIG_IGN}
_TO_RESET = tuple(int(signum) for signum in {*_CAUGHT, *_IGNORED_FROM_BIRTH, signal.SIGPIPE, signal.SIGXFSZ})


def _nothing(signum: int, frame: object) -> None:
    """Python only writes to the wake-up descriptor for signals that have a handler of their own."""


class Wake:
    """Catches signals and makes descriptor :attr:`fd` readable.

    Args:
        signals: the signals to catch.
    """

    def __init__(self, signals: Iterable[int]) -> None:
        self.fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for signum in signals:
            signal.signal(signum, _nothing)

    def caught(self) -> set[int]:
        """The signals since the last call; does not block."""
        try:
            return set(os.read(self.fd, 4096))
        except BlockingIOError:
            return set()

    def close(self) -> None:
        """Stop writing to the descriptor and close it; the handlers stay."""
        signal.set_wakeup_fd(-1)
        os.close(self._write_fd)
        os.close(self.fd)


def block() -> None:
    """Hold back the signals that we catch: around a fork, so that none meets the parent's handlers in the child."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)


def unblock() -> None:
    """Let every signal through."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def default_all() -> None:
    """Every signal back to its default, also those that this process or whoever started it ignores.

    An ignored SIGPIPE (Python's own doing) or SIGINT (a shell's background jobs) would be passed on through exec.
    """
    signal.set_wakeup_fd(-1)
    for signum in _TO_RESET:
        signal.signal(signum, signal.SIG_DFL)
