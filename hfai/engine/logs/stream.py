"""One client's log stream: blocks of the ranks as they are written, and what becomes of the task meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Awaitable, Callable, ContextManager, Iterator, Optional, Protocol

from hfai.engine.logs import frames
from hfai.engine.logs.inotify import DirectoryWatcher
from hfai.engine.logs.ranklog import RankLog
from hfai.engine.logs.segments import BLOCK_BYTES
from hfai.engine.logs.selection import LogSelection
from hfai.model.records import Task
from hfai.model.states import ChainStatus, QueueStatus

BEAT_S = 5.0
# How often to look where the kernel gives no word; also how long a word lost (a network file system) can matter.
POLL_S = 0.5
SAFETY_POLL_S = 2.0
# Smaller blocks of several ranks travel together.
_SMALL_BYTES = 64 * 1024
# A writer that is fast but not yet a block ahead is left alone so long: looking again at once would take its time.
_GATHER_S = 0.004

Send = Callable[[bytes], Awaitable[None]]


class Change(Protocol):
    """Word that something of a chain has changed."""

    async def changed(self) -> Any: ...


class LogSource(Protocol):
    """What a stream needs of the engine."""

    def refresh(self, task: Task) -> Task: ...

    def rank_dir(self, run_id: int, rank: int) -> Path: ...

    def watch(self, chain_id: str) -> ContextManager[Change]: ...


class LogStream:
    """Sends the frames of one selection of one task.

    Args:
        source: where tasks and logs are.
        watcher: tells of changes on disk.
        task: the task as it was found.
        selection: what was asked for.

    Raises:
        NotFoundError: the chain has no such run.
    """

    def __init__(self, source: LogSource, watcher: DirectoryWatcher, task: Task, selection: LogSelection) -> None:
        self._source = source
        self._watcher = watcher
        self._task = task
        self._selection = selection
        self._wake = asyncio.Event()
        self._is_stale = False
        self._shown: object = None
        self._watches: dict[int, tuple[Path, Callable[[], None]]] = {}
        self._last_sent_at = 0.0
        self._logs = [self._open(rank) for rank in selection.ranks]

    async def run(self, send: Send) -> None:
        """Send frames until the last one. Waits where ``send`` waits, so memory stays bounded.

        Cancelling it is the way to end it early; every file and watch is given back.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            if self._selection.follow:
                stack.enter_context(self._relayed())
            for log in self._logs:
                if not self._selection.follow:
                    await asyncio.to_thread(log.stop_at_end)
                if log.rank not in self._selection.cursors:
                    await asyncio.to_thread(log.seek)
            await self._show_task(send)
            while not self._is_done:
                self._wake.clear()
                if self._is_stale:
                    self._refresh()
                    await self._show_task(send)
                moved = await self._pump(send)
                if not moved and not self._is_done:
                    await self._rest(send)
                elif _SMALL_BYTES <= moved < BLOCK_BYTES:
                    await asyncio.sleep(_GATHER_S)
            is_finished = self._task.chain_status is ChainStatus.FINISHED
            await send(frames.end_frame("finished" if is_finished else "eof", self._task))

    @property
    def _is_done(self) -> bool:
        return all(log.is_done for log in self._logs)

    def _open(self, rank: int) -> RankLog:
        runs = self._selection.runs_of(self._task, rank=rank)
        log = RankLog(rank, runs, self._source.rank_dir, self._selection.window)
        if rank in self._selection.cursors:
            log.resume(self._selection.cursors[rank])
        return log

    def _close(self) -> None:
        for log in self._logs:
            log.close()
        for _, forget in self._watches.values():
            forget()
        self._watches.clear()

    @contextlib.contextmanager
    def _relayed(self) -> Iterator[None]:
        """Have changes of the task wake the stream."""
        with self._source.watch(self._task.chain_id) as change:

            async def relay() -> None:
                while True:
                    await change.changed()
                    self._is_stale = True
                    self._wake.set()

            self._is_stale = True  # it may have changed since it was found
            relaying = asyncio.ensure_future(relay())
            try:
                yield
            finally:
                relaying.cancel()

    def _refresh(self) -> None:
        self._is_stale = False
        self._task = self._source.refresh(self._task)
        for log in self._logs:
            log.runs = self._selection.runs_of(self._task, rank=log.rank, begun=log.runs[0].id)

    async def _show_task(self, send: Send) -> None:
        """Send a task frame if what people see of the task has changed."""
        task = self._task
        reason = task.pending.to_wire()["text"] if task.pending else None
        jobs = tuple(job.status for job in task.jobs)
        shown = (task.id, task.newest.queue_status, task.newest.worker_status, task.newest.suspend_code, jobs, reason)
        if shown != self._shown:
            self._shown = shown
            await self._send(send, frames.task_frame(task))

    async def _pump(self, send: Send) -> int:
        """Send one block of each rank; how many bytes."""
        batch: list[bytes] = []
        moved = 0
        for log in self._logs:
            if self._selection.by_place:
                extent = await log.skip()
                if extent:
                    moved += extent.size
                    batch.append(frames.extent_header(log.rank, log.cursor, extent))
                continue
            block = await log.read()
            if not block:
                continue
            moved += len(block)
            header = frames.data_header(log.rank, log.cursor, len(block))
            if len(block) < _SMALL_BYTES:
                batch += (header, block)
                continue
            # A large block goes on its way as it is: joining it to its header would copy it.
            await self._send(send, b"".join([*batch, header]))
            await self._send(send, block)
            batch = []
        if batch:
            await self._send(send, b"".join(batch))
        return moved

    async def _rest(self, send: Send) -> None:
        """Wait until there may be more to send; send a beat when nothing has been sent for a while."""
        if self._attach():
            return
        now = asyncio.get_running_loop().time()
        until_beat = self._last_sent_at + BEAT_S - now
        if until_beat <= 0:
            await self._send(send, frames.BEAT)
            self._is_stale = self._is_stale or self._task.newest.queue_status is QueueStatus.QUEUED
            until_beat = BEAT_S
        # Not asyncio.wait_for: before Python 3.12 it can swallow the cancellation that ends this stream.
        timer = asyncio.get_running_loop().call_later(min(until_beat, self._poll_s()), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    def _poll_s(self) -> float:
        if self._task.newest.queue_status is QueueStatus.QUEUED:
            return BEAT_S
        is_watched = all(log.is_done or self._watched(log) == log.directory for log in self._logs)
        return SAFETY_POLL_S if is_watched else POLL_S

    def _watched(self, log: RankLog) -> Optional[Path]:
        return self._watches[log.rank][0] if log.rank in self._watches else None

    def _attach(self) -> bool:
        """Watch each rank's directory, or the one it will appear in; whether a watch is new: then look again."""
        is_new = False
        for log in self._logs:
            if self._watched(log) == log.directory:
                continue
            for directory in (log.directory, log.directory.parent):
                if self._watched(log) == directory:
                    break
                forget = self._watcher.watch(directory, self._wake.set)
                if forget is not None:
                    if log.rank in self._watches:
                        self._watches[log.rank][1]()
                    self._watches[log.rank] = directory, forget
                    is_new = True
                    break
        return is_new

    async def _send(self, send: Send, data: bytes) -> None:
        await send(data)
        self._last_sent_at = asyncio.get_running_loop().time()
