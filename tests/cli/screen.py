"""A terminal that a person sits at: tmux on a socket of its own, its screen read as text."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Sequence

import pytest

DEADLINE_S = 90.0
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Screen:
    """One program in a terminal; a context manager that leaves nothing behind.

    Args:
        argv: the program.
        env: its whole environment.
        cwd: where it runs.
        columns, lines: of the terminal.
    """

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, columns: int = 100, lines: int = 30
    ) -> None:
        self._socket = cwd / f".tmux-{os.getpid()}-{id(self)}"
        self._env = {**env, "TERM": "screen-256color"}
        size = ("-x", str(columns), "-y", str(lines))
        # An empty configuration; the server takes its environment from the client that starts it.
        self._tmux("-f", os.devnull, "new-session", "-d", *size, "-c", str(cwd), *argv)
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self._tmux("set-option", "-g", "status", "off")

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def type(self, text: str, *keys: str) -> None:
        """Type a text as it is, then keys by tmux's names: ``Enter``, ``Tab``, ``C-c``."""
        if text:
            self._tmux("send-keys", "-l", text)
        if keys:
            self._tmux("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Another size of the window."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    @property
    def text(self) -> str:
        """What is on the screen, without blanks at the ends of lines."""
        lines = [line.rstrip() for line in self._tmux("capture-pane", "-p").split("\n")]
        return "\n".join(lines).rstrip()

    @property
    def whole_lines(self) -> list[str]:
        """The lines as they were written: those that were too wide for the screen put together again."""
        return [row.rstrip() for row in self._tmux("capture-pane", "-p", "-J").split("\n")]

    def wait_for(self, what: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows a text, or is as a predicate says; returns the screen."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            text = self.text
            if what in text if isinstance(what, str) else what(text):
                return text
            assert time.monotonic() < deadline, f"the screen does not show {what!r}:\n{text}"
            time.sleep(0.05)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words], env=self._env, capture_output=True, check=True, timeout=DEADLINE_S
        )
        return done.stdout.decode(errors="replace")
