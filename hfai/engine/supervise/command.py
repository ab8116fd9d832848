"""Starts the task's command: own session, own standard streams, exactly the given arguments and environment."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import signal

from hfai.engine.supervise import descriptors, prctl, precheck, wake
from hfai.model.phrase import Phrase, packed, unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn, Optional

    from hfai.engine.supervise.spec import Account, Spec

MAX_OPEN_FILES = 204800
F_SETPIPE_SZ = 1031  # fcntl has the name since Python 3.10
PIPE_BYTES = 1 << 20
_DEFAULT_PATH = b"/usr/local/bin:/usr/bin:/bin"
NOT_FOUND, NOT_EXECUTABLE = 127, 126
# In the place of an exit code: it is the node that is at fault.
UNFIT = -1


class Command:
    """A command that has been forked.

    Attributes:
        pid: its main process, leader of its session and group once it is executed.
        output_fd: what it writes, non-blocking.
        start_fd: at its end when the command has been executed; before that it may give the reason why not.
        check_fd: gives, once ``start_fd`` is ready, the line about the node for the log; None where nobody looked.
    """

    __slots__ = ("check_fd", "output_fd", "pid", "start_fd")

    def __init__(self, pid: int, output_fd: int, start_fd: int, check_fd: Optional[int]) -> None:
        self.pid = pid
        self.output_fd = output_fd
        self.start_fd = start_fd
        self.check_fd = check_fd

    def take_check_line(self) -> bytes:
        """What was found before the command started; empty where nobody looked."""
        if self.check_fd is None:
            return b""
        try:
            return os.read(self.check_fd, 65536)
        finally:
            os.close(self.check_fd)
            self.check_fd = None


class CannotStart(Exception):
    """Why a command could not be executed.

    Attributes:
        message: the same as a phrase.
        exit_code: 127 for something that is not there, 126 for something that cannot be executed, as in a shell; ``UNFIT`` where the
            node is at fault.
    """

    def __init__(self, message: Phrase, exit_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


def start(spec: Spec) -> Command:
    """Fork the command; does not wait until it is executed (a workspace on a network may hang).

    Raises:
        OSError: no pipe or no process could be made.
    """
    output_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    check_fd, line_fd = os.pipe2(os.O_CLOEXEC) if spec.precheck else (None, -1)

    def place_streams() -> None:
        if spec.precheck:
            # Here, not in the supervisor: a driver that never answers must not keep it from being stopped.
            _look_at_node(spec, line_fd)
        descriptors.silence_stdin()
        os.dup2(write_fd, 1)
        os.dup2(write_fd, 2)

    try:
        with contextlib.suppress(OSError):  # beyond the user's share of pipe memory: smaller blocks, same output
            fcntl.fcntl(output_fd, F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(output_fd, False)
        hand_over([write_fd], spec.account)
        pid, start_fd = fork(spec.argv, spec.environ, spec.workspace, place_streams, spec.account)
    except OSError:
        os.close(output_fd)
        if check_fd is not None:
            os.close(check_fd)
        raise
    finally:
        os.close(write_fd)
        if check_fd is not None:
            os.close(line_fd)
    return Command(pid, output_fd, start_fd, check_fd)


def _look_at_node(spec: Spec, line_fd: int) -> None:
    assert spec.precheck is not None
    checks = precheck.look(spec.precheck, spec.log_dir)
    os.write(line_fd, precheck.line(checks, spec.precheck.get("language", "en")))
    if why := precheck.failure(checks):
        raise CannotStart(why, UNFIT)


def fork(
    argv: list[bytes],
    environ: dict[bytes, bytes],
    workspace: bytes,
    place_streams: Callable[[], None],
    account: Optional[Account] = None,
) -> tuple[int, int]:
    """Fork a command that leads a session of its own; its pid and its ``start_fd`` (see :class:`Command`).

    Args:
        argv: looked for in the PATH of ``environ``.
        workspace: where it begins.
        place_streams: called in the child, leader of its session by then: fills the places 0, 1 and 2.
        account: what it runs under; None for that of this process.

    Raises:
        OSError: no pipe or no process could be made.
    """
    start_fd, report_fd = os.pipe2(os.O_CLOEXEC)
    try:
        parent = os.getpid()
        wake.block()
        try:
            pid = os.fork()
            if pid == 0:
                _become(argv, environ, workspace, parent, place_streams, account, report_fd)
        finally:
            wake.unblock()
    except OSError:
        os.close(start_fd)
        raise
    finally:
        os.close(report_fd)
    return pid, start_fd


def outcome_of_start(start_fd: int) -> Optional[CannotStart]:
    """Read ``start_fd``, which is ready, and close it: None if the command is executed, else the reason why not."""
    try:
        report = os.read(start_fd, 65536)
    finally:
        os.close(start_fd)
    if not report:
        return None
    message, exit_code = json.loads(report)
    return CannotStart(unpacked(message), exit_code)


def _become(
    argv: list[bytes],
    environ: dict[bytes, bytes],
    workspace: bytes,
    parent: int,
    place_streams: Callable[[], None],
    account: Optional[Account],
    report_fd: int,
) -> NoReturn:
    """In the child: turn into the command, or report why not and exit."""
    try:
        # A supervisor that is killed takes the command with it at once, also where no launcher cleans up behind it.
        prctl.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(NOT_EXECUTABLE)
        wake.default_all()
        wake.unblock()
        os.setsid()
        place_streams()
        _raise_open_files()
        if account is not None:
            _switch(account)
            # The kernel forgets this with the account.
            prctl.die_with_parent(signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(NOT_EXECUTABLE)
        _enter(workspace)
        _execute(argv, environ)
    except CannotStart as error:
        os.write(report_fd, json.dumps([packed(error.message), error.exit_code]).encode()[:65000])
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}"[:4000]
        message = Phrase("cannot start {path}: {reason}", path=_shown(argv[0]), reason=reason)
        os.write(report_fd, json.dumps([packed(message), NOT_EXECUTABLE]).encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def hand_over(streams: list[int], account: Optional[Account]) -> None:
    """Make the command's ends of pipes, or its terminal, its account's, so that ``/dev/stdout`` can be opened there too."""
    if account is not None and account.uid is not None:
        for fd in streams:
            with contextlib.suppress(PermissionError):  # who may not do this cannot switch either, and says so then
                os.fchown(fd, account.uid, -1)


def _switch(account: Account) -> None:
    """For good: nothing of what this process was is left."""
    if account.uid is None:
        raise CannotStart(Phrase("there is no account {account} on this machine any more", account=account.name), NOT_EXECUTABLE)
    try:
        os.setgroups(account.groups)
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    except OSError as error:
        reason = Phrase(error.strerror or str(error))
        raise CannotStart(Phrase("cannot run as {account}: {reason}", account=account.name, reason=reason), NOT_EXECUTABLE) from error


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _enter(workspace: bytes) -> None:
    try:
        os.chdir(workspace)
    except OSError as error:
        message = Phrase(
            "cannot enter the workspace {path}: {reason}", path=_shown(workspace), reason=Phrase(error.strerror or str(error))
        )
        raise CannotStart(message, NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE) from error


def _execute(argv: list[bytes], environ: dict[bytes, bytes]) -> NoReturn:
    """Replace this process; ``argv[0]`` without a slash is looked for in the PATH of ``environ``."""
    name = argv[0]
    folders = [b""] if b"/" in name else environ.get(b"PATH", _DEFAULT_PATH).split(b":")
    denied: Optional[CannotStart] = None
    for folder in folders:
        path = name if b"/" in name else (folder or b".") + b"/" + name
        try:
            os.execve(path, argv, environ)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                _execute_script(path, argv, environ)
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                if os.access(path, os.F_OK):
                    message = Phrase(
                        "cannot run {path}: the interpreter that its first line names is not there", path=_shown(path)
                    )
                    raise CannotStart(message, NOT_FOUND) from error
                continue
            message = Phrase("cannot run {path}: {reason}", path=_shown(path), reason=Phrase(error.strerror or str(error)))
            denied = denied or CannotStart(message, NOT_EXECUTABLE)
    if denied:
        raise denied
    if b"/" in name:
        raise CannotStart(Phrase("cannot run {path}: not found", path=_shown(name)), NOT_FOUND)
    searched = _shown(environ.get(b"PATH", _DEFAULT_PATH))
    raise CannotStart(
        Phrase("cannot run {path}: not found in PATH={searched}", path=_shown(name), searched=searched), NOT_FOUND
    )


def _execute_script(path: bytes, argv: list[bytes], environ: dict[bytes, bytes]) -> NoReturn:
    """A text file without ``#!`` goes to the shell, as it would if typed there."""
    with open(path, "rb") as file:
        if b"\0" in file.read(128):
            message = Phrase("cannot run {path}: not a program for this machine", path=_shown(path))
            raise CannotStart(message, NOT_EXECUTABLE)
    os.execve(b"/bin/sh", [b"sh", path, *argv[1:]], environ)


def _shown(word: bytes) -> str:
    return word.decode("utf-8", "replace")
