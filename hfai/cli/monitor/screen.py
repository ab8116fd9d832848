"""The whole terminal for one program: keys come one by one, frames are drawn over each other, and everything is put back at the end.

Whatever ends the program leaves the terminal as it was: a key, an error, Ctrl-C, SIGTERM, SIGHUP, SIGQUIT, and for as long as it is stopped
Ctrl-Z. Only what has changed is written, in one piece, so that nothing flickers.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
import tty
from types import FrameType
from typing import Any, Optional, Sequence

from hfai.cli.monitor.lines import Line
from hfai.cli.terminal import is_interactive, terminal_size, write_all

_IN, _OUT = 0, 1
# The other screen, no cursor, no wrapping at the right edge; and back.
_ENTER = b"\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_KEYS = {
    b"[A": "up", b"[B": "down", b"[5~": "page_up", b"[6~": "page_down", b"[H": "home", b"[F": "end", b"[1~": "home",
    b"[4~": "end", b"OA": "up", b"OB": "down", b"OH": "home", b"OF": "end", b"[Z": "back_tab",
}  # fmt: skip
_ESCAPED = re.compile(rb"\x1b(\[[0-9;]*[A-Za-z~]|O[A-Z])")
GONE = "gone"


def has_screen() -> bool:
    """Whether there is a terminal that a person looks at and types on, and that can place its cursor."""
    return is_interactive() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


class Screen:
    """The terminal, for the main thread.

    Args:
        is_coloured: whether looks are used.
    """

    def __init__(self, *, is_coloured: bool) -> None:
        self._is_coloured = is_coloured
        self._shown: list[str] = []
        self._size = (0, 0)
        self._typed = b""
        self._handlers: dict[int, Any] = {}
        self._saved: Optional[list[Any]] = None
        self._wake_out = self._wake_in = self._wakeup_before = -1

    def open(self) -> None:
        """Take the terminal. Call it inside the ``try`` whose ``finally`` calls :meth:`close`: a signal may come at any moment.

        Raises:
            OSError: it is gone.
        """
        self._saved = termios.tcgetattr(_IN)
        self._wake_out, self._wake_in = os.pipe()
        for fd in (self._wake_out, self._wake_in):
            os.set_blocking(fd, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wake_in, warn_on_full_buffer=False)
        for number in _ENDS:
            self._handle(number, self._end)
        self._handle(signal.SIGWINCH, lambda number, frame: None)
        self._handle(signal.SIGTSTP, self._stop)
        self._handle(signal.SIGCONT, self._go_on)
        self._begin()

    def close(self) -> None:
        """Put everything back as it was. May be called twice, and without :meth:`open`."""
        # A second Ctrl-C must not leave half of it undone.
        for ending in (*_ENDS, signal.SIGTSTP, signal.SIGCONT, signal.SIGINT):
            self._handle(ending, signal.SIG_IGN)
        if self._saved is not None:
            self._give_back()
            self._saved = None
        if self._wake_in >= 0:
            signal.set_wakeup_fd(self._wakeup_before)
            fds = self._wake_out, self._wake_in
            self._wake_out = self._wake_in = -1
            for fd in fds:
                os.close(fd)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def wake(self) -> None:
        """Have :meth:`wait` return; from any thread."""
        with contextlib.suppress(OSError):  # full, so it will be read anyhow; or over
            os.write(self._wake_in, b"\0")

    def wait(self, timeout_s: Optional[float]) -> list[str]:
        """The keys that were typed, ``up``, ``tab``, ``q`` and so on; none where something else happened or the time is over.

        Returns:
            ``gone`` where the terminal is.
        """
        ready, _, _ = select.select([_IN, self._wake_out], [], [], timeout_s)
        if self._wake_out in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._wake_out, 4096):
                    pass
        if _IN not in ready:
            return []
        try:
            data = os.read(_IN, 4096)
        except OSError:
            data = b""
        return self._keys(data) if data else [GONE]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns now."""
        rows, columns, _ = terminal_size()
        return rows, columns

    def show(self, lines: Sequence[Line]) -> None:
        """Draw a frame from the upper left corner; what does not fit is cut, what is left over is blank."""
        size = rows, columns = self.size
        texts = []
        for line in lines[:rows]:
            cut = line.cut(columns)
            texts.append(cut.drawn(is_coloured=self._is_coloured) + " " * (columns - cut.width))
        texts += [" " * columns] * (rows - len(texts))
        out = ""
        if size != self._size:
            self._size, self._shown, out = size, [], "\x1b[2J"
        for at, text in enumerate(texts):
            if at >= len(self._shown) or self._shown[at] != text:
                out += f"\x1b[{at + 1};1H{text}"
        self._shown = texts
        if out:
            self._write(out.encode(sys.stdout.encoding or "utf-8", "replace"))

    def _keys(self, data: bytes) -> list[str]:
        typed, keys = self._typed + data, []
        self._typed = b""
        while typed:
            if match := _ESCAPED.match(typed):
                keys.append(_KEYS.get(match[1], "unknown"))
                typed = typed[match.end() :]
            elif typed[:1] == b"\x1b" and re.fullmatch(rb"\x1b(O|\[[0-9;]*)?", typed) and len(typed) > 1:
                self._typed = typed  # the rest of it comes with the next bytes
                break
            else:
                names = {b"\t": "tab", b" ": "space", b"\x1b": "escape", b"\r": "enter", b"\n": "enter"}
                keys.append(names.get(typed[:1]) or typed[:1].decode("latin-1"))
                typed = typed[1:]
        return keys

    def _begin(self) -> None:
        tty.setcbreak(_IN, termios.TCSADRAIN)
        self._shown, self._size = [], (0, 0)
        self._write(_ENTER)

    def _give_back(self) -> None:
        with contextlib.suppress(OSError):
            self._write(_LEAVE)
        if self._saved is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(_IN, termios.TCSADRAIN, self._saved)

    def _write(self, data: bytes) -> None:
        write_all(_OUT, data)

    def _handle(self, number: signal.Signals, handler: Any) -> None:
        self._handlers.setdefault(number, signal.signal(number, handler))

    def _end(self, number: int, frame: Optional[FrameType]) -> None:
        raise SystemExit(128 + number)

    def _stop(self, number: int, frame: Optional[FrameType]) -> None:
        """Ctrl-Z: the shell gets its terminal."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._stop)

    def _go_on(self, number: int, frame: Optional[FrameType]) -> None:
        """The shell lets us go on, however we were stopped: everything is drawn anew."""
        self._begin()
        self.wake()
