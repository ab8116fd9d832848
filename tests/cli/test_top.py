"""``monitor top`` in a real terminal: tmux draws it, resizes it, types, and tells what was left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.screen import needs_tmux
from tests.cli.waiting import until_status

pytestmark = needs_tmux
DEADLINE_S = 40.0
INTERVAL_S = 0.3


class Terminal:
    """A window of tmux with a plain shell in it, on a server of its own."""

    def __init__(self, hai: Cli, directory: Path, columns: int, rows: int) -> None:
        env = {**hai.env, "LC_ALL": "C.UTF-8", "TERM": "screen", "PATH": f"{HAI_CLI.parent}:{hai.env['PATH']}"}
        del env["COLUMNS"]
        self._socket = str(directory / "tmux")
        self._env = env
        size = ("-x", str(columns), "-y", str(rows))
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, "exec env PS1='READY> ' bash --norc --noprofile")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words], env=self._env, capture_output=True, text=True, timeout=DEADLINE_S, check=True
        )
        return done.stdout

    def text(self) -> str:
        """What is on the screen."""
        return self.tmux("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Words, and keys by tmux's names for them."""
        self.tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def is_on_other_screen(self) -> bool:
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def pid(self) -> int:
        """Of what runs in the shell."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", shell], capture_output=True, text=True, check=False).stdout.split()
        return int(found[0])

    def until(self, is_so: Callable[[], Optional[object]]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def until_shown(self, *words: str) -> None:
        self.until(lambda: all(word in text for text in [self.text()] for word in words))

    def until_left(self, status: int) -> None:
        """The program is gone with this status, and the terminal is as it was: the other screen left, keys echoed line by line."""
        self.until(lambda: not self.is_on_other_screen())
        self.type(f'[ $? = {status} ] && echo "left "rightly; stty -a | tr " " "\\n" | grep -x -e "-*icanon" -e "-*echo"', "Enter")
        self.until_shown("left rightly", "\nicanon\necho\n")
        assert self.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], env=self._env, capture_output=True, check=False)


@pytest.fixture
def terminal(hai: Cli, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(hai, tmp_path, 80, 24)
    try:
        terminal.until_shown("READY>")
        yield terminal
    finally:
        terminal.close()


def begin(terminal: Terminal) -> None:
    terminal.type(f"hai-cli monitor top --interval {INTERVAL_S}", "Enter")
    terminal.until_shown("NODES 4", "QUEUE", "quit")
    assert terminal.is_on_other_screen()


def test_watched_resized_and_left(hai: Cli, terminal: Terminal) -> None:
    """What happens appears; every size is filled; sections; q leaves everything as it was."""
    begin(terminal)
    hai.write("long.sh", "exec sleep 300\n")
    for name in ("runs", "训练_waits"):
        assert hai("bash", "long.sh", "--", "--name", name, "-n", 4).status == 0
    until_status(hai, "runs", "running")
    terminal.until_shown("RUNNING 1", "QUEUE 1", "训练_waits", "next in queue: needs 4 nodes, none is free")
    assert all(len(line) <= 80 for line in terminal.text().splitlines())
    for columns, rows in ((40, 20), (120, 40), (20, 6), (9, 3), (80, 24)):
        terminal.resize(columns, rows)
        if columns >= 40:
            terminal.until(lambda rows=rows: terminal.text().splitlines()[rows - 1].startswith(" q  quit"))
            terminal.until_shown("NODES 4", "QUEUE 1")
        else:
            title = "hai-cli monitor top"[: columns - 1] + "…"
            terminal.until(lambda title=title: terminal.text().splitlines()[0].rstrip() == title)
    terminal.type("BTab")
    terminal.until(lambda: "NODES" not in terminal.text() and "QUEUE 1" in terminal.text())
    terminal.type("Down", "Down", "Up", "Escape")
    terminal.until_shown("NODES 4")
    terminal.type("p")
    terminal.until_shown("paused")
    terminal.type("p", "+")
    terminal.until_shown("every 0.5 s")
    assert hai("stop", "runs", "训练_waits").status == 0
    terminal.until_shown("RUNNING 0", "QUEUE 0")
    terminal.type("q")
    terminal.until_left(0)


def test_whatever_ends_it_the_terminal_is_put_back(terminal: Terminal) -> None:
    """Ctrl-C, kill, a closed connection, Ctrl-\\."""
    for how, status in (("C-c", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), ("C-\\", 131)):
        begin(terminal)
        if isinstance(how, str):
            terminal.type(how)
        else:
            os.kill(terminal.pid(), how)
        terminal.until_left(status)
        terminal.type("clear", "Enter")
        terminal.until(lambda: "left rightly" not in terminal.text())


def test_stopped_and_taken_up(terminal: Terminal) -> None:
    """Ctrl-Z gives the shell its terminal; fg draws everything again."""
    begin(terminal)
    terminal.type("C-z")
    terminal.until(lambda: not terminal.is_on_other_screen())
    terminal.type('stty -a | tr " " "\\n" | grep -x icanon; fg', "Enter")
    terminal.until(terminal.is_on_other_screen)
    terminal.until_shown("NODES 4", "quit")
    terminal.type("q")
    terminal.until_left(0)


def test_engines_that_die_and_that_were_ended(engine: EngineSandbox, hai: Cli, terminal: Terminal) -> None:
    """kill -9 is made good; what somebody has ended stays ended, and the screen says so and goes on when it is back."""
    begin(terminal)
    engine.kill()
    terminal.until(lambda: hai("platform", "status", "--json").out.count('"running": true'))
    terminal.until(lambda: "no answer" not in terminal.text())
    assert hai("platform", "down").status == 0
    terminal.until(lambda: "the engine is not running" in " ".join(terminal.text().split()))
    time.sleep(3 * INTERVAL_S)
    assert '"running": false' in hai("platform", "status", "--json").out
    assert hai("platform", "up").status == 0
    terminal.until(lambda: "no answer" not in terminal.text())
    terminal.type("q")
    terminal.until_left(0)
    assert hai("platform", "down").status == 0
    engine.start()


def test_a_terminal_that_cannot_place_its_cursor(terminal: Terminal) -> None:
    """Gets a snapshot."""
    terminal.type("TERM=dumb hai-cli monitor top && echo wri''tten", "Enter")
    terminal.until_shown("NODES 4", "written")
    assert not terminal.is_on_other_screen()


def test_only_what_has_changed_is_drawn(hai: Cli) -> None:
    """The screen is wiped once; afterwards what stays the same is not written again: nothing flickers."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [HAI_CLI, "monitor", "top", "--interval", "0.2"],
        env={**hai.env, "TERM": "xterm", "HAI_LANG": "en"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    ) as process:
        os.close(follower)
        drawn, deadline = b"", time.monotonic() + DEADLINE_S
        while drawn.count(b"hai-cli monitor top") < 3:  # its clock goes on
            assert time.monotonic() < deadline, drawn
            drawn += os.read(leader, 65536)
        os.write(leader, b"q")
        with contextlib.suppress(OSError):  # the other end is gone
            while data := os.read(leader, 65536):
                drawn += data
        os.close(leader)
        assert process.wait(DEADLINE_S) == 0
    assert drawn.count(b"NODES 4") == drawn.count(b"quit") == 1
    assert drawn.count(b"\x1b[2J") == 1 and b"\x1b[K" not in drawn
    assert drawn.endswith(b"\x1b[?25h\x1b[?1049l")
