"""One rank from its start to its end marker: capture, limits, requests, and nothing left behind.

A single loop: it sleeps in one poll for output, signals, requests and the nearest deadline; each turn then takes the
same ordered steps. States: starting (forked) -> running (executed) -> clearing (main process ended, descendants left)
-> writing (nothing left but the end of the log and the marker) -> over.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from hfai.engine.supervise import command, ending, prctl, proc_stat, process_tree, spec
from hfai.engine.supervise.actions import Actions
from hfai.engine.supervise.capture import Capture
from hfai.engine.supervise.control_page import ControlPage
from hfai.engine.supervise.events import Events
from hfai.engine.supervise.guests import Guests
from hfai.engine.supervise.listener import Listener
from hfai.engine.supervise.poller import Poller
from hfai.engine.supervise.rank_dir import RankDir
from hfai.engine.supervise.wake import Wake
from hfai.model.phrase import Phrase

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Optional

# What outlives the main process is asked to end, and this much later killed.
LEFTOVER_GRACE_S = 2.0
# The task may write to the control page and the administrator may set the clock: looked at this often.
GLANCE_S = 10.0
ACKNOWLEDGE_GLANCE_S = 0.05
FILE_RETRY_S = 0.5
SWEEP_MIN_S, SWEEP_MAX_S = 0.005, 0.5


def supervise(run_dir: str, rank: int) -> int:
    """Run one rank of a run to its end; blocks until then.

    Changes the calling process for good (session, signals, subreaper): for a process of its own. May be started any
    number of times for the same rank: all but one leave at once.

    Args:
        run_dir: directory with ``spec.json``.
        rank: the rank.

    Returns:
        0 when the end marker is written or the rank is (or was) another supervisor's, 1 when the rank could not be
        supervised; then nothing of it runs.
    """
    with contextlib.suppress(PermissionError):  # leader of a group already, as under srun
        os.setsid()
    try:
        directory = RankDir(run_dir, rank)
        if not directory.take_lock() or directory.exists("end.json") or directory.exists("started.json"):
            directory.close()
            return 0
        try:
            prepared = spec.read(run_dir, rank)
        except spec.SpecError as error:
            _refuse(directory, run_dir, rank, str(error))
            return 0
        prctl.become_subreaper()
        supervisor = Supervisor(directory, prepared)
    except OSError as error:
        print(f"hfai supervisor of {run_dir} rank {rank}: cannot start: {error}", file=sys.stderr, flush=True)
        return 1
    supervisor.run()
    return 0


def _refuse(directory: RankDir, run_dir: str, rank: int, message: str) -> None:
    end = ending.Ending()
    end.cannot_start(message, command.NOT_EXECUTABLE)
    run_id = os.path.basename(os.path.abspath(run_dir))
    directory.write("end.json", end.record(int(run_id) if run_id.isdecimal() else 0, rank))


class Supervisor:
    """The state of one supervised rank.

    Args:
        directory: the rank's directory, locked.
        spec: what to run.

    Raises:
        OSError: a file, a socket or the process could not be made.
    """

    def __init__(self, directory: RankDir, spec: spec.Spec) -> None:
        self._directory = directory
        self._spec = spec
        # Whoever is not root cannot switch, which the command finds out and says.
        uid = spec.account.uid if spec.account is not None and os.geteuid() == 0 else None
        if spec.account is not None:
            directory.open_to_all()
        self._page = ControlPage(directory.fd, spec.whole_life_state, uid)
        self._events = Events(spec.events_socket, spec.run_id, spec.rank)
        self._ending = ending.Ending()
        self._poller = Poller()
        self._output = Capture(directory.fd, spec.log_segment_bytes, self._poller)
        self._wake = Wake([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        self._poller.watch(self._wake.fd, self._on_signal)
        actions = Actions(spec, self._page, self._events, stop=self._stop, kill=self._kill)
        self._guests = Guests(spec, self._poller)
        self._listener = Listener(directory.listen(uid), self._poller, actions.answer, self._open_guest)

        self._is_main_alive = True
        self._has_children = True
        self._is_over = False
        self._is_acknowledged = False
        self._started: Optional[dict[str, Any]] = None  # the record while it is not on disk yet
        self._kill_at: Optional[float] = None
        self._sweep_at = 0.0
        self._sweep_s = SWEEP_MIN_S
        self._file_retry_at = 0.0

        self._command = command.start(spec)
        self._is_starting = True
        self._poller.watch(self._command.start_fd, self._on_start)
        self._output.begin(self._command.output_fd, self._on_output)

    def run(self) -> None:
        """Turn until the end marker is written."""
        while not self._is_over:
            self._poller.wait(self._timeout_s(time.monotonic()))
            self._turn(time.monotonic())
        self._listener.close()
        self._directory.unlink_socket()

    def _turn(self, now: float) -> None:
        self._output.flush(now)
        self._write_started(now)
        self._check_limits(now)
        self._notice_acknowledgement()
        self._sweep(now)
        self._listener.give_up_slow_ones(now)
        self._guests.kill_slow_ones(now)
        self._finish(now)

    def _timeout_s(self, now: float) -> float:
        """Seconds until something has to be done although nothing happens."""
        until = [now + GLANCE_S]
        if self._output.retry_at is not None:
            until.append(self._output.retry_at)
        elif not self._has_children or self._started:
            until.append(max(self._file_retry_at, now))
        if self._has_children and self._kill_at is not None:
            until.append(max(self._kill_at, self._sweep_at))
        elif self._is_main_alive:
            if self._watchdog_s:
                until.append(self._output.last_at + self._watchdog_s)
            if self._spec.timeout_at is not None:
                until.append(now + self._spec.timeout_at - time.time())
        if self._page.is_suspending and not self._is_acknowledged:
            until.append(now + ACKNOWLEDGE_GLANCE_S)
        until += [at for at in (self._listener.next_deadline(), self._guests.next_deadline()) if at is not None]
        return max(0.0, min(until) - now)

    # What the poll calls

    def _on_output(self) -> None:
        if self._is_starting:
            # Who writes has been executed: what was found before that comes first in the log.
            self._on_start()
            if self._output.retry_at is not None:
                return
        self._output.read()

    def _on_start(self) -> None:
        """The command is executed, or there is a reason why not."""
        self._poller.forget(self._command.start_fd)
        failure = command.outcome_of_start(self._command.start_fd)
        self._is_starting = False
        line = self._command.take_check_line()
        if failure is not None and failure.exit_code == command.UNFIT:
            self._ending.unfit(failure.message)
        elif failure is not None:
            self._ending.cannot_start(failure.message, failure.exit_code)
            said = f"{failure}\n".encode()
            self._output.tail.put(said)
            line += said
        if line:
            self._output.put(line)
        if failure is not None:
            return
        own = proc_stat.read(os.getpid())
        self._started = {
            "supervisor_pid": os.getpid(),
            "supervisor_start": own.start if own else 0,
            "pid": self._command.pid,
            "sid": self._command.pid,
            "started_at": time.time(),
            "boot_id": proc_stat.boot_id(),
        }
        self._write_started(time.monotonic())
        if self._spec.profile is not None:
            self._record_profile(self._spec.profile)

    def _record_profile(self, options: dict[str, Any]) -> None:
        # The task is what matters: it runs without a profile rather than not at all.
        with contextlib.suppress(OSError):
            fd = self._directory.create("profile")
            try:
                self._guests.record(options, fd)
            finally:
                os.close(fd)

    def _on_signal(self) -> None:
        caught = self._wake.caught()
        if signal.SIGCHLD in caught:
            self._reap()
            self._sweep_at = 0.0
        if signal.SIGTERM in caught or signal.SIGINT in caught:
            self._stop("stop", self._spec.stop_grace_s)

    def _reap(self) -> None:
        was_main_alive = self._is_main_alive
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                break
            if pid == 0:
                break
            if pid == self._command.pid:
                if self._is_starting:
                    self._on_start()
                self._ending.process_ended(status)
                self._is_main_alive = False
            else:
                is_stopping = self._kill_at is not None or not self._is_main_alive
                self._guests.reaped(pid, status, is_stopping=is_stopping)
        if was_main_alive and not self._is_main_alive and self._has_children:
            self._ask_leftovers(time.monotonic())

    # How it comes to an end

    def _stop(self, word: str, grace_s: float) -> None:
        """TERM to the task's group, after the grace KILL to everything; a later stop may only shorten the grace."""
        if self._is_main_alive:
            self._ending.asked = word
        self._terminate(grace_s)

    def _kill(self) -> None:
        """Kill everything now."""
        self._kill_at = time.monotonic()

    def _terminate(self, grace_s: float) -> None:
        kill_at = time.monotonic() + grace_s
        if self._kill_at is not None:
            self._kill_at = min(self._kill_at, kill_at)
            return
        self._kill_at = kill_at
        self._guests.finish_profilers()
        if self._is_main_alive and grace_s > 0:
            for signum in (signal.SIGTERM, signal.SIGCONT):  # a stopped process gets its TERM once it goes on
                try:
                    os.killpg(self._command.pid, signum)
                except ProcessLookupError:  # it has not made its group yet
                    os.kill(self._command.pid, signum)

    def _ask_leftovers(self, now: float) -> None:
        kill_at = now + LEFTOVER_GRACE_S
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)
        self._guests.hang_up()
        if self._kill_at > now:
            process_tree.signal_descendants(signal.SIGTERM)
            process_tree.signal_descendants(signal.SIGCONT)

    def _open_guest(self, request: dict[str, Any], peer: socket.socket) -> None:
        """A program of somebody's beside the task.

        Raises:
            ValueError: it cannot be started; the connection is still the caller's.
        """
        if self._is_starting or not self._is_main_alive or self._kill_at is not None:
            raise ValueError("the task does not run, or it is being stopped")
        self._guests.open(request, peer)

    # The steps of a turn

    def _write_started(self, now: float) -> None:
        if self._started is None or now < self._file_retry_at:
            return
        try:
            # Which process the main one is, is the task's to know (hfai.client.runtime), and not to change.
            self._directory.write("started.json", self._started, 0o600 if self._spec.account is None else 0o644)
        except OSError:
            self._file_retry_at = now + FILE_RETRY_S
            return
        self._events.send("started", started_at=self._started["started_at"])
        self._started = None

    @property
    def _watchdog_s(self) -> float:
        return self._page.watchdog_s or self._spec.watchdog_s

    def _check_limits(self, now: float) -> None:
        if not self._is_main_alive or self._kill_at is not None:
            return
        watchdog_s = self._watchdog_s
        if self._spec.timeout_at is not None and time.time() >= self._spec.timeout_at:
            self._ending.cut_short("timeout", Phrase("the time limit of the task was reached"))
        elif watchdog_s and now - self._output.last_at >= watchdog_s:
            self._ending.cut_short("watchdog", Phrase("no output for {seconds:g} s", seconds=watchdog_s))
        else:
            return
        self._terminate(self._spec.stop_grace_s)

    def _notice_acknowledgement(self) -> None:
        if not self._page.is_suspending:
            self._is_acknowledged = False
        elif not self._is_acknowledged and self._page.is_acknowledged:
            self._is_acknowledged = True
            self._events.send("acknowledged")

    def _sweep(self, now: float) -> None:
        """Past the grace: kill all there is, again and again until nothing is left."""
        if not self._has_children or self._kill_at is None or now < max(self._kill_at, self._sweep_at):
            return
        process_tree.signal_descendants(signal.SIGKILL)
        # What cannot die at once (waiting for a dead file server) must not make us spin.
        self._sweep_at = now + self._sweep_s
        self._sweep_s = min(SWEEP_MAX_S, self._sweep_s * 2)

    def _finish(self, now: float) -> None:
        """Nothing runs any more: the rest of the output, then the marker."""
        if self._has_children or now < self._file_retry_at:
            return
        if self._output.retry_at is not None:
            self._is_over = self._directory.is_gone
            return
        if not self._output.finish() or self._started is not None:
            return
        record = self._ending.record(self._spec.run_id, self._spec.rank)
        record["last_lines"] = self._output.tail.lines()
        record["whole_life_state"] = self._page.whole_life_state
        record["state_is_set"] = self._page.state_is_set
        try:
            self._directory.write("end.json", record)
        except OSError:
            # Somebody has removed the run: there is nobody left to tell.
            self._is_over = self._directory.is_gone
            self._file_retry_at = now + FILE_RETRY_S
            return
        self._is_over = True
        self._events.send("ended", outcome=record["outcome"], exit_code=record["exit_code"], signal=record["signal"])
