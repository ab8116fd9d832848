"""Programs that somebody runs beside the task, inside its rank: shells, single commands, the profiler.

A guest is a child of the supervisor as the task is: same user, node, workspace and environment, and nothing of it outlives
the run. Its bytes do not pass through here: whoever asked gets the other ends of its streams with the answer
(docs/architecture.md).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import termios
import time

from hfai.engine.supervise import command
from hfai.model.phrase import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from hfai.engine.supervise.poller import Poller
    from hfai.engine.supervise.spec import Spec

MOST = 32
# Who has hung up leaves the guest this long to end by itself.
HANG_UP_S = 2.0
SHELLS = (b"/bin/bash", b"/bin/sh")
SIGNALS = ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2")
# In the environment of a guest and of what it starts, so that who looks at the task can tell them apart.
_MARK_NAME = b"HFAI_GUEST"
MARK = b"\0%b=" % _MARK_NAME
# Not `-m`: see hfai.engine.executors.launcher_link.
PROFILER = """
import sys
sys.path[:] = [*sys.path[1:], sys.argv.pop()]
from hfai.engine.profiler.main import main
sys.exit(main())
"""
CHECKER = PROFILER.replace("profiler", "validation").replace("main()", "main(sys.argv[1])")
# Programs of the engine's own.
PROGRAMS = {"profiler": PROFILER, "checker": CHECKER}
_LIBRARY = os.path.abspath(f"{__file__}/../../../..")


class Guest:
    """One program that has been forked, and the connection of whoever asked for it.

    Attributes:
        fds: the other ends of its streams, until they are handed over: a terminal, or stdin, stdout and stderr.
        is_profiler: whether it watches the task, and so wants to be finished before the task is.
        kill_at: when it is killed, because who asked for it has gone.
    """

    __slots__ = ("fds", "is_cut", "is_profiler", "kill_at", "peer", "pid", "start_fd")

    def __init__(
        self, peer: Optional[socket.socket], pid: int, start_fd: int, fds: list[int], *, is_profiler: bool
    ) -> None:
        self.peer = peer
        self.pid = pid
        self.start_fd: Optional[int] = start_fd
        self.fds = fds
        self.is_profiler = is_profiler
        self.is_cut = False
        self.kill_at: Optional[float] = None

    def signal(self, signum: int) -> None:
        """To its process group. It has not been reaped: the group is its own, or not made yet."""
        with contextlib.suppress(PermissionError):  # it has become somebody else's, as under sudo
            try:
                os.killpg(self.pid, signum)
            except ProcessLookupError:
                os.kill(self.pid, signum)


class Guests:
    """The guests of one rank.

    Args:
        spec: the rank.
        poller: what watches their connections.
    """

    def __init__(self, spec: Spec, poller: Poller) -> None:
        self._spec = spec
        self._poller = poller
        self._by_pid: dict[int, Guest] = {}

    def open(self, request: dict[str, Any], peer: socket.socket) -> None:
        """Start a guest; takes the connection over, over which its end is told.

        Args:
            request: ``kind`` (``command``, ``profiler`` or ``checker``); ``argv``: a text for the shell, words, or None for a shell;
                ``tty``: None or ``{"rows", "columns", "term"}``; ``options`` of the other two.

        Raises:
            ValueError: it cannot be started; the connection is still the caller's.
        """
        if len(self._by_pid) >= MOST:
            raise ValueError(f"there are {MOST} shells in this rank already")
        kind, tty = request.get("kind"), request.get("tty")
        if tty is not None and not isinstance(tty, dict):
            raise ValueError("tty must be an object with rows, columns and term, or null")
        argv, environ, place = self._program(kind, request.get("options")) if kind in PROGRAMS else self._command(request)
        try:
            ours, theirs = _terminal(tty) if tty is not None else _pipes()
        except OSError as error:
            raise ValueError(f"no streams for it could be made: {error.strerror}") from None
        try:
            # The engine's own programs need the engine's rights, to look into the task or at its node.
            account = None if kind in PROGRAMS else self._spec.account
            command.hand_over(theirs, account)
            pid, start_fd = command.fork(argv, environ, place, lambda: _place(theirs), account)
        except OSError as error:
            _close(ours)
            raise ValueError(f"no process for it could be made: {error.strerror}") from None
        finally:
            _close(theirs)
        guest = self._by_pid[pid] = Guest(peer, pid, start_fd, ours, is_profiler=kind == "profiler")
        self._poller.watch(start_fd, lambda: self._on_start(guest))
        self._poller.watch(peer.fileno(), lambda: self._on_peer(guest))

    def record(self, options: dict[str, Any], fd: int) -> None:
        """Start a profiler that nobody has asked for over a connection, and that writes into a file.

        Args:
            options: of the profiler.
            fd: the file; stays the caller's.

        Raises:
            OSError: it cannot be started.
        """
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            pid, start_fd = command.fork(*self._program("profiler", options), lambda: _place([null, fd, null]))
        finally:
            os.close(null)
        guest = self._by_pid[pid] = Guest(None, pid, start_fd, [], is_profiler=True)
        self._poller.watch(start_fd, lambda: self._on_start(guest))

    def _command(self, request: dict[str, Any]) -> tuple[list[bytes], dict[bytes, bytes], bytes]:
        environ = {**self._spec.environ, _MARK_NAME: b"command"}
        tty = request.get("tty")
        if tty:
            environ[b"TERM"] = _text(tty.get("term") or "dumb")
        words = request.get("argv")
        if words is None:
            argv = [_shell(environ)]
        elif isinstance(words, str):
            argv = [_shell(environ), b"-c", _text(words)]
        elif isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            argv = [_text(word) for word in words]
        else:
            raise ValueError("argv must be a text for the shell, a list of words, or null")
        if any(b"\0" in word for word in argv):
            raise ValueError("argv must not hold a NUL")
        return argv, environ, self._spec.workspace

    def _program(self, kind: str, options: Any) -> tuple[list[bytes], dict[bytes, bytes], bytes]:
        """With the environment of the engine: the task's may have modules in its PYTHONPATH that stand in for ours."""
        environ = {**os.environb, _MARK_NAME: kind.encode()}
        for name in (b"HFAI_RUN", b"CUDA_VISIBLE_DEVICES"):
            if name in self._spec.environ:
                environ[name] = self._spec.environ[name]
        words = [sys.executable, "-c", PROGRAMS[kind], json.dumps(options or {}), _LIBRARY]
        return [os.fsencode(word) for word in words], environ, b"/"

    def _on_start(self, guest: Guest) -> None:
        """It is executed, or there is a reason why not: the answer to who asked."""
        if guest.start_fd is None:
            return
        self._poller.forget(guest.start_fd)
        failure = command.outcome_of_start(guest.start_fd)
        guest.start_fd = None
        if guest.peer is not None:
            if failure is None:
                answer: dict[str, Any] = {"ok": True, "pid": guest.pid}
            else:
                answer = {"ok": False, "msg": packed(failure.message), "exit_code": failure.exit_code}
            with contextlib.suppress(OSError):  # gone: its connection tells
                socket.send_fds(guest.peer, [json.dumps(answer).encode() + b"\n"], guest.fds if failure is None else [])
            if failure is not None:
                self._part(guest)
        _close(guest.fds)
        guest.fds = []

    def _on_peer(self, guest: Guest) -> None:
        """A signal for it, or nobody is there any more."""
        if guest.peer is None:
            return
        try:
            said = guest.peer.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._part(guest)
            guest.kill_at = time.monotonic() + HANG_UP_S
            for signum in (signal.SIGHUP, signal.SIGCONT):
                guest.signal(signum)
            return
        for word in said.decode("ascii", "replace").split():
            if word in SIGNALS:
                guest.signal(signal.Signals[f"SIG{word}"])

    def _part(self, guest: Guest) -> None:
        if guest.peer is not None:
            self._poller.forget(guest.peer.fileno())
            guest.peer.close()
            guest.peer = None

    # What the supervisor tells

    def reaped(self, pid: int, wait_status: int, *, is_stopping: bool) -> None:
        """A child has ended; tells who asked for it, if it was a guest.

        Args:
            is_stopping: whether the run is being ended, so that a signal was not meant for the guest alone.
        """
        guest = self._by_pid.pop(pid, None)
        if guest is None:
            return
        self._on_start(guest)
        code = os.waitstatus_to_exitcode(wait_status)
        answer = {"exit_status": code if code >= 0 else 128 - code, "run_ended": guest.is_cut or (code < 0 and is_stopping)}
        if guest.peer is not None:
            with contextlib.suppress(OSError):
                guest.peer.send(json.dumps(answer).encode() + b"\n")
        self._part(guest)

    def finish_profilers(self) -> None:
        """The task is about to be stopped: whoever watches it is to write down what was seen."""
        for guest in self._by_pid.values():
            if guest.is_profiler:
                guest.signal(signal.SIGTERM)

    def hang_up(self) -> None:
        """The task has ended: its guests are to leave. A shell at a terminal does not listen to SIGTERM."""
        for guest in self._by_pid.values():
            guest.is_cut = True
            if not guest.is_profiler:
                for signum in (signal.SIGHUP, signal.SIGCONT):
                    guest.signal(signum)

    def next_deadline(self) -> Optional[float]:
        """When a guest will have to be killed, None if none has."""
        return min((guest.kill_at for guest in self._by_pid.values() if guest.kill_at is not None), default=None)

    def kill_slow_ones(self, now: float) -> None:
        """Kill those that did not end although who asked for them has gone."""
        for guest in self._by_pid.values():
            if guest.kill_at is not None and guest.kill_at <= now:
                guest.kill_at = now + HANG_UP_S
                guest.signal(signal.SIGKILL)


def _pipes() -> tuple[list[int], list[int]]:
    """Our ends and the guest's of stdin, stdout and stderr."""
    made: list[int] = []
    try:
        for _ in range(3):
            made += os.pipe2(os.O_CLOEXEC)
    except OSError:
        _close(made)
        raise
    stdin, stdin_write, stdout_read, stdout, stderr_read, stderr = made
    with contextlib.suppress(OSError):  # beyond the user's share of pipe memory: smaller blocks, same bytes
        for fd in (stdin, stdout):
            fcntl.fcntl(fd, command.F_SETPIPE_SZ, command.PIPE_BYTES)
    return [stdin_write, stdout_read, stderr_read], [stdin, stdout, stderr]


def _terminal(tty: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Our end of a new terminal and the guest's, which is its stdin, stdout and stderr."""
    size = [_cells(tty.get("rows"), 24), _cells(tty.get("columns"), 80)]
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    return [master], [slave]


def _cells(number: Any, default: int) -> int:
    is_usable = isinstance(number, int) and not isinstance(number, bool) and 0 < number < 65536
    return number if is_usable else default


def _place(streams: list[int]) -> None:
    """In the child: its streams to their places; a terminal becomes the one that controls its session."""
    if len(streams) == 1:
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
        streams = streams * 3
    # Moved out of the way first: one of them may sit where another belongs.
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in streams]
    for place, fd in enumerate(moved):
        os.dup2(fd, place)


def _shell(environ: dict[bytes, bytes]) -> bytes:
    """The user's shell, as the task's environment names it."""
    for path in (environ.get(b"SHELL", b""), *SHELLS):
        if path and os.access(path, os.X_OK):
            return path
    return SHELLS[-1]


def _text(word: Any) -> bytes:
    return str(word).encode("utf-8", "surrogateescape")


def _close(fds: list[int]) -> None:
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
