"""``stream_logs``: a log as lines."""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, NamedTuple, Optional, Union

from hfai.client._log_blocks import LogBlock, LogEvents, stream_log_blocks
from hfai.client._log_query import Cursor, Time
from hfai.client._select import ExperimentLike

# `[YYYY-MM-DD HH:MM:SS.ffffff] `
_STAMP_BYTES = 29


class LogLine(NamedTuple):
    """One line of a log.

    Attributes:
        time: naive local time at which it was read from the task; None where it has no stamp.
        rank: who wrote it.
        text: without stamp and line break; bytes that are no UTF-8 are replaced.
        cursor: with it a later stream goes on behind this line.
        run: id of the run that wrote it.
    """

    time: Optional[datetime]
    rank: int
    text: str
    cursor: str
    run: int


class _Rest(NamedTuple):
    run: int
    data: bytes
    cursor: str


class LineAssembler:
    """Makes lines of blocks."""

    def __init__(self) -> None:
        self._rests: dict[int, _Rest] = {}
        self._last_cursors: dict[int, str] = {}

    def feed(self, block: LogBlock) -> list[LogLine]:
        """The lines that are whole with this block."""
        rest = self._rests.pop(block.rank, None)
        lines: list[LogLine] = []
        data = block.data
        if rest is not None and rest.run != block.run:
            lines.append(_line(rest.data, block.rank, rest.cursor, rest.run))  # its supervisor was killed
        elif rest is not None:
            data = rest.data + data
        *whole, last = data.split(b"\n")
        place, dot, offset = block.cursor.rpartition(".")
        if dot and offset.isdecimal():
            position = int(offset) - len(data)
            for part in whole:
                position += len(part) + 1
                lines.append(_line(part, block.rank, f"{place}.{position}", block.run))
        else:
            # A HAI Platform tells only where a whole answer ends: going on from inside it repeats the answer.
            before = self._last_cursors.get(block.rank, "null")
            lines += [_line(part, block.rank, before, block.run) for part in whole[:-1]]
            lines += [_line(part, block.rank, block.cursor, block.run) for part in whole[-1:]]
            self._last_cursors[block.rank] = block.cursor
        if last:
            self._rests[block.rank] = _Rest(block.run, last, block.cursor)
        return lines

    def finish(self) -> list[LogLine]:
        """What is left at the end of a stream: lines without a line break."""
        lines = [_line(rest.data, rank, rest.cursor, rest.run) for rank, rest in sorted(self._rests.items())]
        self._rests.clear()
        return lines


def stream_logs(
    experiment: ExperimentLike,
    rank: Union[int, str] = 0,
    follow: bool = False,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    tail: Optional[int] = None,
    cursor: Optional[Cursor] = None,
    run: Union[int, str, None] = None,
) -> Iterator[LogLine]:
    """The lines of a task's log.

    A broken connection is taken up again where it broke, over restarts of the engine as well: no line is lost, none
    comes twice. The iterator ends only when the platform says that this is the end.

    Args:
        experiment: an Experiment, the id of a run, or a name.
        rank: from 0, ``all``, or ranks like ``0,3-5``; lines of several ranks come as they were written, about.
        follow: go on until the task has finished, through suspensions; otherwise end with what is there now.
        since, until: only lines stamped in between: ISO text in local time, seconds since the epoch, or a datetime.
        tail: only the last so many lines per rank of what is there.
        cursor: go on behind the line that had it; for several ranks a mapping from rank to cursor.
        run: ``newest`` (default), ``all`` runs of the chain, or the id of one.

    Returns:
        An iterator that asks when it is first advanced. A task that has not begun has no lines yet; without ``follow``
        the last line may be one that the task has not ended yet.

    Raises:
        UsageError: an argument cannot be used.
        TaskNotFound, RankNotFound, NotFoundError: no such task, rank or run.
        StreamLost: the connection broke, and for a minute could not be taken up again. The task is not affected.
        HfaiError: no answer, or a refusal.

    Blocks, with ``follow``, until the next line. Closing the iterator gives its connection back.

    Example:
        >>> for line in stream_logs("sample_exp", rank="all", follow=True):  # doctest: +SKIP
        ...     print(line.rank, line.text)
    """
    return _lines(stream_log_blocks(experiment, rank, follow, since, until, tail, cursor, run))


def _lines(events: LogEvents) -> Iterator[LogLine]:
    assembler = LineAssembler()
    try:
        for event in events:
            if isinstance(event, LogBlock):
                yield from assembler.feed(event)
        yield from assembler.finish()
    finally:
        events.close()


def _line(data: bytes, rank: int, cursor: str, run: int) -> LogLine:
    if data[:1] == b"[" and data[27:_STAMP_BYTES] == b"] ":
        try:
            time = datetime.fromisoformat(data[1:27].decode("ascii"))
            return LogLine(time, rank, data[_STAMP_BYTES:].decode("utf-8", "replace"), cursor, run)
        except ValueError:
            pass
    return LogLine(None, rank, data.decode("utf-8", "replace"), cursor, run)
