"""The daemon's end of the launcher: keeps one running, sends it requests, hands on its answers.

A launcher that dies is replaced, and what it had not answered is asked again: the lock of each rank makes that harmless.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Optional

import hfai
from hfai.model.phrase import unpacked

PACKET_BYTES = 65536
_RESTART_S = (0.0, 0.1, 0.5, 2.0)
_END_S = 0.5
_log = logging.getLogger(__name__)

# Not `-m`: that would let the files of the current directory stand in for those of the library. The directory of the
# package comes last, for an engine that is run from a source tree.
_COMMAND = """
import sys
sys.path[:] = [*sys.path[1:], sys.argv.pop()]
from hfai.engine.supervise.launcher import main
sys.exit(main())
"""


class LauncherLink:
    """Starts supervisors through a launcher process.

    Args:
        on_launched: called with run directory, rank and a pidfd of the supervisor, which is the callee's to close.
        on_refused: called with run directory, rank and the reason.
    """

    def __init__(
        self, on_launched: Callable[[str, int, int], None], on_refused: Callable[[str, int, str], None]
    ) -> None:
        self._on_launched = on_launched
        self._on_refused = on_refused
        self._loop = asyncio.get_running_loop()
        self._unanswered: dict[tuple[str, int], bytes] = {}
        self._unsent: list[bytes] = []
        self._socket: Optional[socket.socket] = None
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._failures = 0
        self._restart: Optional[asyncio.TimerHandle] = None
        self._is_closed = False

    @property
    def pid(self) -> Optional[int]:
        """The process id of the launcher, None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a launcher.

        Raises:
            OSError: it cannot be started.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _COMMAND, str(Path(hfai.__file__).parent.parent)],
                    stdin=theirs.fileno(),
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._socket = ours
        self._loop.add_reader(ours.fileno(), self._on_answer)
        self._unsent = list(self._unanswered.values())
        self._send()

    def launch(self, run_dir: str, rank: int) -> None:
        """Ask for a supervisor; the answer comes later."""
        packet = json.dumps({"run_dir": run_dir, "rank": rank}).encode()
        self._unanswered[run_dir, rank] = packet
        if self._socket is not None:
            self._unsent.append(packet)
            if len(self._unsent) == 1:
                self._send()

    def _send(self) -> None:
        while self._socket is not None and self._unsent:
            try:
                self._socket.send(self._unsent[0])
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._send)
                return
            except OSError:
                self._on_death()
                return
            del self._unsent[0]
        if self._socket is not None:
            self._loop.remove_writer(self._socket.fileno())

    def _on_answer(self) -> None:
        while self._socket is not None:
            try:
                packet, fds, _, _ = socket.recv_fds(self._socket, PACKET_BYTES, 1)
            except BlockingIOError:
                return
            except OSError:
                packet, fds = b"", []
            if not packet:
                self._on_death()
                return
            self._failures = 0
            self._take(json.loads(packet), fds)

    def _take(self, answer: dict[str, Any], fds: list[int]) -> None:
        run_dir, rank = answer["run_dir"], answer["rank"]
        if run_dir is None:
            _log.error("the launcher did not understand a request: %s", answer.get("error"))
            return
        self._unanswered.pop((run_dir, rank), None)
        if fds:
            os.set_inheritable(fds[0], False)
            self._on_launched(run_dir, rank, fds[0])
        else:
            self._on_refused(run_dir, rank, unpacked(answer.get("error", "")))

    def _on_death(self) -> None:
        self._let_go()
        if self._is_closed:
            return
        delay_s = _RESTART_S[min(self._failures, len(_RESTART_S) - 1)]
        self._failures += 1
        _log.error("the launcher has died, starting another in %g s", delay_s)
        self._restart = self._loop.call_later(delay_s, self._start_again)

    def _start_again(self) -> None:
        self._restart = None
        try:
            self.start()
        except OSError:
            _log.exception("no launcher can be started")
            self._on_death()

    def _let_go(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        if self._process is not None:
            # Without its socket it is of no use, even if it should be alive; its supervisors do not need it.
            self._process.kill()
            self._process.wait()
            self._process = None

    async def close(self) -> None:
        """Let the launcher go; it stays for as long as it has supervisors."""
        self._is_closed = True
        if self._restart is not None:
            self._restart.cancel()
        process = self._process
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._process = None
        if process is not None:
            await self._wait_for(process)

    async def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        ended = asyncio.Event()
        pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(pidfd, ended.set)
        try:
            await asyncio.wait_for(ended.wait(), _END_S)
            process.wait()
        except asyncio.TimeoutError:
            # It has supervisors; it is init's to reap once this process is gone.
            process.returncode = 0
        finally:
            self._loop.remove_reader(pidfd)
            os.close(pidfd)
