"""One rank's log over the runs of its chain, as one stream of bytes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Awaitable, Callable, Optional, Sequence, TypeVar

from attrs import frozen

from hfai.engine.logs.cursor import Cursor
from hfai.engine.logs.reader import Extent, SegmentReader
from hfai.engine.logs.seek import Place, complete_end, end_of, first_from, last_lines
from hfai.engine.logs.segments import Segments
from hfai.engine.logs.stamps import stamp_at
from hfai.model.records import Run
from hfai.model.states import QueueStatus

# A line stamped before ``until`` is on disk this much later at the latest.
_LATE_S = 1.0

_Piece = TypeVar("_Piece", bytes, Extent)
RankDirectory = Callable[[int, int], Path]
"""From a run's id and a rank to the directory on disk."""


@frozen
class Window:
    """Which lines are wanted.

    Attributes:
        tail: only the last so many lines of what is there at the start.
        since: stamp of the first moment wanted.
        until: stamp of the last moment wanted.
    """

    tail: Optional[int] = None
    since: Optional[bytes] = None
    until: Optional[bytes] = None


class RankLog:
    """Reads a rank's log forwards over a chain's runs.

    Args:
        rank: the rank.
        runs: the runs to read, oldest first, at least one; :attr:`runs` may be replaced by a longer list later.
        directory: where a run's rank is on disk.
        window: which lines are wanted.

    Attributes:
        is_done: everything wanted has been read; nothing more will come.
    """

    def __init__(self, rank: int, runs: Sequence[Run], directory: RankDirectory, window: Window) -> None:
        self.rank = rank
        self.runs = runs
        self.is_done = False
        self._directory = directory
        self._window = window
        self._run = runs[0].id
        self._reader: Optional[SegmentReader] = None
        self._start: Optional[Place] = None
        self._stop: Optional[Cursor] = None

    @property
    def cursor(self) -> Cursor:
        """The next byte to read."""
        segment, offset = (self._reader.segment, self._reader.offset) if self._reader else self._start or (0, 0)
        return Cursor(self._run, segment, offset)

    @property
    def directory(self) -> Path:
        """The rank's directory in the run that is being read."""
        return self._directory(self._run, self.rank)

    def resume(self, cursor: Cursor) -> None:
        """Begin at a cursor instead of where the window says."""
        self._run, self._start = cursor.run, (cursor.segment, cursor.offset)
        self._window = Window(until=self._window.until)

    def seek(self) -> None:
        """Go to where the window begins. Reads files: call it in a thread."""
        if self._window.tail is None:
            return
        wanted = self._window.tail
        for run in reversed(self.runs):
            log = Segments(self._directory(run.id, self.rank))
            before = first_from(log, self._window.until, after=True) if self._window.until else None
            self._start, wanted = last_lines(log, wanted, before=before)
            self._run = run.id
            if not wanted:
                break
        if self._window.since is not None:
            first = first_from(Segments(self.directory), self._window.since)
            self._start = None if first is None else max(first, self._start or (0, 0))

    def stop_at_end(self) -> None:
        """End where the log ends now, instead of following it. Reads the directory: call it in a thread."""
        newest = self.runs[-1].id
        self._stop = Cursor(newest, *end_of(Segments(self._directory(newest, self.rank))))

    async def read(self) -> bytes:
        """The next block of wanted bytes; empty when there is none for now or, see :attr:`is_done`, at all."""
        return await self._next(lambda reader, stop: reader.read(stop=stop)) or b""

    async def skip(self) -> Optional[Extent]:
        """As :meth:`read`, but only where the bytes are."""
        return await self._next(lambda reader, stop: reader.skip(stop=stop))

    async def _next(
        self, take: Callable[[SegmentReader, Optional[Place]], Awaitable[Optional[_Piece]]]
    ) -> Optional[_Piece]:
        while not self.is_done:
            # Both asked before reading: what was written before the end is then read.
            is_over, is_late = self._is_over(), self._is_late()
            reader = await self._opened()
            stop = None if reader is None else await self._stop_place(reader.log, is_over=is_over)
            piece = None if reader is None else await take(reader, stop)
            if piece:
                return piece
            if self._stop is not None and self._run >= self._stop.run:
                is_over = True
            if not is_late and not is_over:
                return None
            if is_late or not self._next_run():
                self.is_done = True
        return None

    def close(self) -> None:
        """Give the open file back; may be called twice."""
        if self._reader is not None:
            self._reader.close()

    def _is_over(self) -> bool:
        """Whether the run that is being read will write no more."""
        return any(run.id == self._run and run.queue_status is QueueStatus.FINISHED for run in self.runs)

    def _next_run(self) -> bool:
        later = [run.id for run in self.runs if run.id > self._run]
        if not later:
            return False
        self.close()
        self._run, self._reader, self._start = later[0], None, None
        return True

    def _is_late(self) -> bool:
        """Whether ``until`` has passed, so that nothing wanted can still be written."""
        until = self._window.until
        return until is not None and stamp_at(time.time() - _LATE_S) > until

    async def _opened(self) -> Optional[SegmentReader]:
        """The reader at its place; None while no line is as late as ``since``."""
        if self._reader is None:
            log = Segments(self.directory)
            start = self._start
            if start is None:
                since = self._window.since
                start = (0, 0) if since is None else await asyncio.to_thread(first_from, log, since)
            if start is None:
                return None
            self._reader = SegmentReader(log, start)
        return self._reader

    async def _stop_place(self, log: Segments, *, is_over: bool) -> Optional[Place]:
        """Where to stop in the run that is being read."""
        stop = None
        if self._stop is not None and self._stop.run == self._run:
            stop = self._stop.segment, self._stop.offset
        until = self._window.until
        if until is not None:
            # Half a line may turn out to be too late, so the last line waits for its newline; the end is taken first.
            end = await asyncio.to_thread(end_of if is_over else complete_end, log)
            late = await asyncio.to_thread(first_from, log, until, after=True)
            stop = min(place for place in (stop, end, late) if place is not None)
        return stop
