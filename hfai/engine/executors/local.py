"""Runs ranks as processes of this machine, each under a supervisor that does not need the daemon.

What is known of a rank comes from three sides: the launcher's answer brings a pidfd, datagrams hint at the start and
the end, and the pidfd tells when the supervisor is gone. Every one of them leads to the same question, asked of the disk:
is there an end marker, and if not, who holds the lock (docs/architecture.md, "Start and restart").
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any, Coroutine, Mapping, Optional, Sequence

from attrs import define

from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import LOST, GuestRefused, Order, RankEnd, Reports
from hfai.engine.executors.environment import common_environ
from hfai.engine.executors.event_socket import EVENTS, EventSocket
from hfai.engine.executors.guest import Guest
from hfai.engine.executors.launcher_link import LauncherLink
from hfai.engine.executors.run_files import RunFiles
from hfai.engine.executors.run_spec import account_of, run_spec
from hfai.engine.supervise import ask, proc_stat
from hfai.engine.system import Clock, PortChooser
from hfai.model.phrase import Phrase, unpacked
from hfai.model.records import Node

_TRY_STOP_S, _TRY_STOP_MOST_S = 0.02, 1.0
_LOOK_FIRST_S, _LOOK_MOST_S = 0.5, 30.0
_GLANCE_S = 0.02
_log = logging.getLogger(__name__)


@define(eq=False)
class _Rank:
    """One rank that has not ended, as far as this daemon has noticed."""

    run_id: int
    rank: int
    pidfd: Optional[int] = None
    has_started: bool = False
    was_launched: bool = False
    is_ended: bool = False
    is_lost: bool = False
    stop: Optional[tuple[str, float]] = None
    is_suspending: bool = False
    look: Optional[asyncio.TimerHandle] = None


class LocalExecutor:
    """The nodes of this machine.

    Args:
        config: the settings.
        engine_id: goes into the mark of each process.
        clock: where times come from.
        server_url: where the engine listens, for the tasks.
    """

    def __init__(self, config: EngineConfig, engine_id: str, clock: Clock, *, server_url: str) -> None:
        self._config = config
        self._engine_id = engine_id
        self._clock = clock
        self._server_url = server_url
        self._files = RunFiles(config.state_dir / "runs", engine_id, config.task_dir)
        self._ports = PortChooser()
        self._ranks: dict[tuple[int, int], _Rank] = {}
        self._work: set[asyncio.Task[None]] = set()

    async def start(self, reports: Reports) -> None:
        """Open the socket for hints and start the launcher.

        Raises:
            OSError: either cannot be done.
        """
        self._reports = reports
        self._loop = asyncio.get_running_loop()
        self._events = EventSocket(self._config.state_dir / EVENTS, self._on_event)
        self._launcher = LauncherLink(self._on_launched, self._on_refused)
        try:
            self._launcher.start()
        except OSError:
            self._events.close()
            raise

    async def close(self) -> None:
        """Let go of every rank; supervisors and tasks go on."""
        for rank in self._ranks.values():
            rank.is_ended = True
            self._let_go(rank)
        self._ranks.clear()
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._events.close()
        await self._launcher.close()

    def nodes(self) -> Sequence[Node]:
        return self._config.nodes

    def run_dir(self, run_id: int) -> Path:
        return self._files.run_dir(run_id)

    # Starting

    def launch(self, order: Order) -> None:
        """Write what the supervisors need and have them started.

        Raises:
            OSError: the directory of the run cannot be written.
        """
        account = account_of(order.user)
        run_dir = self._files.run_dir(order.run_id) if account is None else self._files.open_dir(order.run_id)
        common = common_environ(
            order,
            state_dir=self._config.state_dir,
            run_dir=run_dir,
            server_url=self._server_url,
            master_port=self._ports.choose(),
        )
        spec = run_spec(order, self._config, self._engine_id, account, run_dir, common)
        path = self._files.prepare(order.run_id, spec, is_open=account is not None)
        for number in range(len(order.nodes)):
            self._ranks[order.run_id, number] = _Rank(order.run_id, number)
            self._launcher.launch(str(path), number)

    def adopt(self, order: Order, *, asked: Optional[str]) -> None:
        """Take up a run; what the disk says of each rank decides."""
        run_dir = self._files.run_dir(order.run_id)
        if asked is None and not (run_dir / "spec.json").exists():
            self.launch(order)
            return
        for number in range(len(order.nodes)):
            rank = self._ranks[order.run_id, number] = _Rank(order.run_id, number)
            # Said while nobody listened.
            if self._files.is_acknowledged(order.run_id, number):
                self._reports.wished(order.run_id, number, "acknowledged", {})
            if self._files.can_suspend(order.run_id, number):
                is_unfit = self._files.is_unfit(order.run_id, number)
                self._reports.wished(order.run_id, number, "go_suspend", {"is_unfit": is_unfit})
            self._settle(rank, asked=asked)

    def _on_launched(self, run_dir: str, number: int, pidfd: int) -> None:
        rank = self._ranks.get((int(Path(run_dir).name), number))
        if rank is None or rank.is_ended or rank.pidfd is not None:
            os.close(pidfd)
            return
        self._watch(rank, pidfd)
        self._reports.building(rank.run_id, rank.rank)
        self._look_later(rank, _LOOK_FIRST_S)

    def _on_refused(self, run_dir: str, number: int, reason: str) -> None:
        rank = self._ranks.get((int(Path(run_dir).name), number))
        if rank is not None and not rank.is_ended:
            self._lose(rank, reason)

    # What becomes of a rank

    def _on_event(self, event: Mapping[str, Any]) -> None:
        run_id, number, name = event.get("run_id"), event.get("rank"), event.get("event")
        if not isinstance(run_id, int) or not isinstance(number, int):
            return
        rank = self._ranks.get((run_id, number))
        if rank is None or rank.is_ended:
            return
        if name == "started":
            self._look(rank)
        elif name == "ended":
            end = self._files.end(run_id, number)
            if end is not None:
                self._end(rank, end)
        elif isinstance(name, str):
            self._reports.wished(run_id, number, name, event)

    def _look_later(self, rank: _Rank, delay_s: float) -> None:
        """Hints may be lost: until the start is known, look for it less and less often."""

        def look() -> None:
            rank.look = None
            self._look(rank)
            if not rank.has_started:
                self._look_later(rank, min(delay_s * 2, _LOOK_MOST_S))

        if rank.look is None and not rank.has_started and not rank.is_ended:
            rank.look = self._loop.call_later(delay_s, look)

    def _look(self, rank: _Rank) -> Optional[dict[str, Any]]:
        """``started.json``, reported if it is news."""
        started = ask.read_started(str(self._dir(rank)))
        if started is not None and not rank.has_started:
            rank.has_started = True
            self._cancel_look(rank)
            self._reports.started(rank.run_id, rank.rank, float(started["started_at"]))
        return started

    def _watch(self, rank: _Rank, pidfd: int) -> None:
        """Be told when the supervisor has gone."""
        rank.pidfd = pidfd
        self._loop.add_reader(pidfd, self._on_supervisor_gone, rank)

    def _on_supervisor_gone(self, rank: _Rank) -> None:
        self._unwatch(rank)
        rank.was_launched = True
        self._settle(rank)

    def _settle(self, rank: _Rank, *, asked: Optional[str] = None) -> None:
        """Nobody is known to supervise the rank: find out from the disk what is to be done.

        ``asked``: the user's stop command, after which a rank that was never started is not started any more.
        """
        if rank.is_ended or rank.is_lost:
            return
        directory = str(self._dir(rank))
        is_locked = ask.is_locked(directory)
        # Looked at after the lock: a supervisor writes its marker first and lets go of the lock then.
        end = self._files.end(rank.run_id, rank.rank)
        started = self._look(rank)
        if end is not None:
            self._end(rank, end)
        elif is_locked:
            if started is None or not self._adopt_supervisor(rank, started):
                # It is between two steps: locked and not started yet, or already gone.
                self._loop.call_later(_GLANCE_S, lambda: self._settle(rank, asked=asked))
        elif started is not None or rank.was_launched:
            self._lose(rank, Phrase("its supervisor is gone"))
        elif asked is None:
            self._launcher.launch(str(self._files.run_dir(rank.run_id)), rank.rank)
        else:
            self._end(
                rank, RankEnd(rank.rank, "exited", self._clock.now(), asked=asked, message=Phrase("never started"))
            )

    def _adopt_supervisor(self, rank: _Rank, started: Mapping[str, Any]) -> bool:
        pid = int(started["supervisor_pid"])
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            return False
        process = proc_stat.read(pid)
        if process is None or process.start != started["supervisor_start"]:
            os.close(pidfd)
            return False
        self._watch(rank, pidfd)
        return True

    def _lose(self, rank: _Rank, reason: str) -> None:
        """Nobody will tell how the rank ended: make sure that it has, and say that it is lost."""
        if not rank.is_lost:
            rank.is_lost = True
            self._spawn(self._clear_away(rank, reason))

    async def _clear_away(self, rank: _Rank, reason: str) -> None:
        started = ask.read_started(str(self._dir(rank))) or {}
        await asyncio.to_thread(ask.kill_marked, self._engine_id, rank.run_id, rank.rank, started.get("sid"))
        state = self._files.whole_life_state(rank.run_id, rank.rank)
        end = RankEnd(
            rank.rank,
            LOST,
            self._clock.now(),
            message=reason,
            whole_life_state=state or 0,
            state_is_set=state is not None,
            can_suspend=self._files.can_suspend(rank.run_id, rank.rank),
            is_unfit=self._files.is_unfit(rank.run_id, rank.rank),
        )
        self._end(rank, end)

    def _end(self, rank: _Rank, end: RankEnd) -> None:
        if rank.is_ended:
            return
        if not rank.has_started:
            self._look(rank)
        rank.is_ended = True
        self._let_go(rank)
        self._reports.ended(rank.run_id, end)

    # Stopping

    def stop(self, run_id: int, rank: int, word: str, grace_s: float) -> None:
        """Ask the supervisor, again and again while it cannot be reached: it may be about to start."""
        found = self._ranks.get((run_id, rank))
        if found is None or found.is_ended:
            return
        is_asked = found.stop is not None
        found.stop = (word, grace_s)
        if not is_asked:
            self._spawn(self._ask_to_stop(found))

    def suspend(self, run_id: int) -> None:
        """Ask the supervisor of rank 0, again and again while it cannot be reached: it may be about to start."""
        found = self._ranks.get((run_id, 0))
        if found is not None and not found.is_ended and not found.is_suspending:
            found.is_suspending = True
            self._spawn(self._ask_to_suspend(found))

    async def _ask_to_suspend(self, rank: _Rank) -> None:
        delay_s = _TRY_STOP_S
        while rank.stop is None and not rank.is_ended:
            try:
                await asyncio.to_thread(ask.ask, str(self._dir(rank)), {"action": "suspend"})
                return
            except (OSError, ValueError):
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, _TRY_STOP_MOST_S)

    async def _ask_to_stop(self, rank: _Rank) -> None:
        delay_s = _TRY_STOP_S
        while rank.stop is not None and not rank.is_ended:
            asked = rank.stop
            request = {"action": "stop", "word": asked[0], "grace_s": asked[1]}
            try:
                answer = await asyncio.to_thread(ask.ask, str(self._dir(rank)), request)
            except (OSError, ValueError):
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, _TRY_STOP_MOST_S)
                continue
            if not answer.get("ok"):
                _log.error("rank %d of run %d was not stopped: %s", rank.rank, rank.run_id, answer.get("msg"))
            if rank.stop == asked:
                rank.stop = None

    async def open_guest(self, run_id: int, rank: int, request: Mapping[str, Any]) -> Guest:
        """Ask the supervisor, which is the guest's parent as it is the task's."""
        directory = str(self._files.rank_dir(run_id, rank))
        try:
            peer, answer, fds = await asyncio.to_thread(ask.open_guest, directory, dict(request))
        except (OSError, ValueError) as error:
            raise GuestRefused(f"its supervisor does not answer ({error})") from None
        if not answer.get("ok"):
            peer.close()
            raise GuestRefused(unpacked(answer.get("msg")), answer.get("exit_code"))
        return Guest(peer, fds)

    def forget(self, run_id: int) -> None:
        """Drop what is remembered of a finished run."""
        number = 0
        while (rank := self._ranks.pop((run_id, number), None)) is not None:
            self._let_go(rank)
            number += 1

    # Bookkeeping

    def _dir(self, rank: _Rank) -> Path:
        return self._files.rank_dir(rank.run_id, rank.rank)

    def _let_go(self, rank: _Rank) -> None:
        self._cancel_look(rank)
        self._unwatch(rank)

    def _cancel_look(self, rank: _Rank) -> None:
        if rank.look is not None:
            rank.look.cancel()
            rank.look = None

    def _unwatch(self, rank: _Rank) -> None:
        if rank.pidfd is not None:
            self._loop.remove_reader(rank.pidfd)
            os.close(rank.pidfd)
            rank.pidfd = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
