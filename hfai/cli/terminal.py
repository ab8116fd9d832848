"""This terminal, or these pipes, joined to a program that runs beside a task."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import tty
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Callable, Optional

from hfai.model.errors import HfaiError

if TYPE_CHECKING:
    from hfai.client import Shell

_IN, _OUT, _ERR = 0, 1, 2
_BLOCK_BYTES = 1 << 20


def is_interactive() -> bool:
    """Whether a person sits at both ends: only then does a program get a terminal of its own."""
    return os.isatty(_IN) and os.isatty(_OUT)


def terminal_size() -> tuple[int, int, str]:
    """Rows, columns and type of this terminal."""
    size = os.get_terminal_size(_OUT)
    return size.lines or 24, size.columns or 80, os.environ.get("TERM") or "dumb"


class _Leave(BaseException):
    """SIGTERM or SIGHUP came: everything is put back in order on the way out."""


class Relay:
    """Passes input on in a thread of its own, and output in the caller's, until the program has ended.

    Args:
        shell: the program.
        is_raw: whether it has a terminal: then every key is passed on as it is, Ctrl-C too, and the size follows this
            window's. Without, Ctrl-C is sent to it as a signal, and a second one ends it.
    """

    def __init__(self, shell: Shell, *, is_raw: bool) -> None:
        self._shell = shell
        self._is_raw = is_raw
        self._saved: Optional[list[Any]] = None
        self._handlers: dict[int, Any] = {}
        self._telling = threading.Lock()
        self._interrupts = 0

    def __enter__(self) -> Relay:
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handle(number, self._leave)
        if self._is_raw:
            self._handle(signal.SIGWINCH, lambda number, frame: self._tell(self._resize))
            self._saved = termios.tcgetattr(_IN)
            # Not flushed: what was typed while this began is for the program.
            tty.setraw(_IN, termios.TCSADRAIN)
        else:
            self._handle(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._saved is not None:
            termios.tcsetattr(_IN, termios.TCSADRAIN, self._saved)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if isinstance(error, _Leave):
            sys.exit(128 + int(error.args[0]))

    def run(self) -> None:
        """Blocks until the program has ended.

        Raises:
            StreamLost: the connection broke; the program has ended.
            BrokenPipeError: nobody reads stdout any more; likewise.
        """
        threading.Thread(target=self._pass_input, name="hfai-ssh-input", daemon=True).start()
        for output in self._shell:
            write_all(output.fd, output.data)

    def _pass_input(self) -> None:
        shell = self._shell
        with contextlib.suppress(HfaiError, OSError):  # the output tells what has become of it
            while True:
                data = os.read(_IN, _BLOCK_BYTES)
                if not data:
                    shell.close_input()
                    return
                if not shell.send(data):
                    return

    def _resize(self) -> None:
        rows, columns, _ = terminal_size()
        self._shell.resize(rows, columns)

    def _interrupt(self, number: int, frame: Optional[FrameType]) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt
        self._tell(lambda: self._shell.signal("INT"))

    def _leave(self, number: int, frame: Optional[FrameType]) -> None:
        raise _Leave(number)

    def _tell(self, what: Callable[[], None]) -> None:
        """In a thread of its own: the input's may wait for a program that does not read, and this one for output."""

        def tell() -> None:
            # One after the other: the last one that is heard is to be the newest.
            with self._telling, contextlib.suppress(HfaiError, OSError):
                what()

        threading.Thread(target=tell, name="hfai-ssh-control", daemon=True).start()

    def _handle(self, number: int, handler: Callable[[int, Optional[FrameType]], None]) -> None:
        self._handlers[number] = signal.signal(number, handler)


def write_all(fd: int, data: bytes) -> None:
    """All of it; a terminal or pipe that is somebody's non-blocking one is waited for."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            select.select([], [fd], [])
