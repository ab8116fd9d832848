"""Forks supervisors for the daemon: a fork costs a millisecond and shares its memory, a Python start neither.

``python -m hfai.engine.supervise.launcher`` with a SOCK_SEQPACKET socket to the daemon as descriptor 0; messages in
docs/architecture.md. It survives the daemon: at the end of the socket it stays until its last child has gone, because
it is also the one that kills what a killed supervisor leaves behind.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback

from hfai.engine.supervise import descriptors, prctl, process_tree, wake
from hfai.engine.supervise.poller import Poller
from hfai.engine.supervise.supervisor import supervise
from hfai.model.phrase import Phrase, packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Optional

PACKET_BYTES = 65536
HUNT_S = 0.05


class Launcher:
    """The state of a launcher.

    Args:
        daemon: the socket to the daemon.
    """

    def __init__(self, daemon: socket.socket) -> None:
        daemon.setblocking(False)
        self._daemon: Optional[socket.socket] = daemon
        self._poller = Poller()
        self._wake = wake.Wake([signal.SIGCHLD])
        self._poller.watch(self._wake.fd, self._on_child)
        self._poller.watch(daemon.fileno(), self._on_request)
        self._supervisors: set[int] = set()
        self._has_children = False
        self._is_hunting = False
        # Answers that the daemon has had no room for: packet and descriptor.
        self._unsent: list[tuple[bytes, Optional[int]]] = []

    def run(self) -> None:
        """Serve until the daemon has gone, and then until the last child has."""
        while self._daemon is not None or self._has_children:
            self._poller.wait(HUNT_S if self._is_hunting else None)
            if self._is_hunting:
                self._hunt()

    def _on_request(self) -> None:
        daemon = self._daemon
        if daemon is None:
            return
        try:
            packet = daemon.recv(PACKET_BYTES)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._part_from_daemon()
            return
        try:
            request = json.loads(packet)
            run_dir, rank = request["run_dir"], request["rank"]
            if not isinstance(run_dir, str) or isinstance(rank, bool) or not isinstance(rank, int) or rank < 0:
                raise ValueError("run_dir must be text and rank an integer from 0 on")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._send({"run_dir": None, "rank": None, "error": f"not a request: {type(error).__name__}: {error}"})
            return
        self._launch(run_dir, rank)

    def _launch(self, run_dir: str, rank: int) -> None:
        answer: dict[str, Any] = {"run_dir": run_dir, "rank": rank}
        pid = 0
        try:
            wake.block()
            try:
                pid = os.fork()
                if pid == 0:
                    self._become_supervisor(run_dir, rank)
            finally:
                wake.unblock()
            self._supervisors.add(pid)
            self._has_children = True
            # Only this thread reaps, later: the pid cannot be another's yet.
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            if pid:
                os.kill(pid, signal.SIGKILL)
            self._send({**answer, "error": packed(Phrase("cannot start a supervisor: {reason}", reason=str(error)))})
            return
        self._send({**answer, "pid": pid}, pidfd)

    def _become_supervisor(self, run_dir: str, rank: int) -> NoReturn:
        status = 1
        try:
            # Signals are still blocked; from here on they are the supervisor's business.
            self._wake.close()
            wake.default_all()
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            if self._daemon is not None:
                self._daemon.close()
            descriptors.silence_stdin()
            for _, fd in self._unsent:
                if fd is not None:
                    os.close(fd)
            wake.unblock()
            status = supervise(run_dir, rank)
        except BaseException:
            traceback.print_exc()
        finally:
            # Not sys.exit: the launcher's own clean-up is not the child's to do.
            os._exit(status)

    def _send(self, answer: dict[str, Any], fd: Optional[int] = None) -> None:
        self._unsent.append((json.dumps(answer).encode(), fd))
        self._send_unsent()

    def _send_unsent(self) -> None:
        daemon = self._daemon
        if daemon is None:
            return
        while self._unsent:
            packet, fd = self._unsent[0]
            try:
                socket.send_fds(daemon, [packet], [] if fd is None else [fd])
            except BlockingIOError:
                # No request is taken before its answers are: the queue stays short.
                self._poller.watch(daemon.fileno(), self._send_unsent, to_write=True)
                return
            except OSError:
                self._part_from_daemon()
                return
            del self._unsent[0]
            if fd is not None:
                os.close(fd)
        self._poller.watch(daemon.fileno(), self._on_request)

    def _part_from_daemon(self) -> None:
        if self._daemon is not None:
            self._poller.forget(self._daemon.fileno())
            self._daemon.close()
            self._daemon = None
        for _, fd in self._unsent:
            if fd is not None:
                os.close(fd)
        self._unsent.clear()

    def _on_child(self) -> None:
        self._wake.caught()
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = self._is_hunting = False
                return
            if pid == 0:
                return
            was_ours = pid in self._supervisors
            self._supervisors.discard(pid)
            # A supervisor leaves nothing behind unless it was killed; then its processes are now our children.
            if not was_ours or status != 0:
                self._is_hunting = True

    def _hunt(self) -> None:
        """Kill what is not a supervisor's; over when nothing is found."""
        if not process_tree.signal_descendants(signal.SIGKILL, spare=self._supervisors):
            self._is_hunting = False


def main() -> int:
    """Run a launcher on descriptor 0."""
    descriptors.tidy()
    # Of its own session: a Ctrl-C at the terminal of a daemon in the foreground is not for the tasks.
    with contextlib.suppress(PermissionError):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    wake.unblock()
    daemon = socket.socket(fileno=os.dup(0))
    descriptors.silence_stdin()
    prctl.become_subreaper()
    launcher = Launcher(daemon)
    # What is there now is shared by all supervisors; a collection in one of them would copy it by touching it.
    gc.collect()
    gc.freeze()
    launcher.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
