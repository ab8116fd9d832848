"""``stream_log_blocks``: a log as the bytes that were written, and what becomes of the task meanwhile.

The fast way for programs that pass a log on; :func:`hfai.client.stream_logs` makes lines of it.
"""

from __future__ import annotations

from typing import Generator, NamedTuple, Optional, Union

from hfai.client import _session
from hfai.client._experiment import Experiment
from hfai.client._log_frames import read_frames
from hfai.client._log_places import Places, PlaceUnreadable
from hfai.client._log_query import Cursor, LogQuery, Time, log_query
from hfai.client._patience import Patience
from hfai.client._select import ExperimentLike, selector, subject
from hfai.client._transport import ByteStream, TransportError
from hfai.model.errors import EngineStartError, ProtocolMismatch, StreamLost, UnreachableError, from_wire

_BALLAST_BYTES = 4 << 20


class LogBlock(NamedTuple):
    """Bytes of a rank's log, each line with its 29 bytes of stamp; a block may begin and end inside a line.

    Attributes:
        rank: from 0.
        run: id of the run that wrote them.
        data: at least one byte.
        cursor: where they end: with it a later stream goes on behind them.
    """

    rank: int
    run: int
    data: bytes
    cursor: str


class TaskUpdate(NamedTuple):
    """The task as it is now: at the beginning, and whenever its status or its reason to wait has changed.

    Attributes:
        experiment: the task.
        end_reason: None while the stream goes on; in its last item ``finished`` (the task has ended and all of its log
            was sent) or ``eof`` (without ``follow``: that is all for now).
    """

    experiment: Experiment
    end_reason: Optional[str] = None


LogEvent = Union[LogBlock, TaskUpdate]


class LogEvents:
    """An iterator of blocks and updates; the last one is an update with ``end_reason``.

    Args:
        experiment: the task.
        query: what of its log.
    """

    def __init__(self, experiment: ExperimentLike, query: LogQuery) -> None:
        self._selector = selector(experiment)
        self._subject = subject(experiment)
        self._query = query
        self._stream: Optional[ByteStream] = None
        self._is_aborted = False
        # The embedded engine's logs are files of this machine: they need not go through the engine.
        self._by_place = _session.current().is_embedded
        self._events = self._all()

    def __iter__(self) -> LogEvents:
        return self

    def __next__(self) -> LogEvent:
        return next(self._events)

    def close(self) -> None:
        """End it and give its connection back. May be called twice, in the thread that reads."""
        self._events.close()

    def abort(self) -> None:
        """Have another thread that waits in it come back soon; the iterator then ends."""
        self._is_aborted = True
        if self._stream is not None:
            self._stream.abort()

    def _all(self) -> Generator[LogEvent, None, None]:
        if _session.current().is_haiplatform:
            from hfai.client._log_polling import poll_log

            yield from poll_log(self._selector, self._subject, self._query, lambda: self._is_aborted)
            return
        patience = Patience()
        has_begun = False
        while not self._is_aborted:
            try:
                for event in self._once(revive=has_begun):
                    has_begun = True
                    patience.answered()
                    yield event
                    if isinstance(event, TaskUpdate) and event.end_reason:
                        return
                error = UnreachableError(url=_session.current().url, reason="the stream ended without its end")
            except PlaceUnreadable:
                self._by_place = False
                continue
            except (EngineStartError, ProtocolMismatch):
                raise
            except UnreachableError as broken:
                if not has_begun:
                    raise
                error = broken
            if not self._is_aborted and not patience.is_worth_it(error):
                reason = str(error.data.get("reason", error))
                raise StreamLost(experiment=self._subject, reason=reason) from None

    def _once(self, *, revive: bool) -> Generator[LogEvent, None, None]:
        """The events of one connection."""
        session = _session.current()
        query = {**self._selector, **self._query.arguments(), "by_place": "1" if self._by_place else None}
        places = Places()
        # Freeing a large block once tells glibc to keep memory of that size: otherwise each block of the log is got from
        # the system and given back, page by page.
        bytes(_BALLAST_BYTES)
        self._stream = session.stream("query/task/log/stream", query, subject=self._subject, revive=revive)
        try:
            if self._is_aborted:
                return  # while it was being opened
            for header, payload, missing in read_frames(self._stream):
                kind = header.get("t")
                if "success" in header:
                    raise from_wire(header)
                if kind == "data":
                    rank = header["rank"]
                    for data, behind in places.read(header) if "path" in header else ((payload, missing),):
                        cursor = _before(header["cursor"], behind)
                        self._query.cursors[rank] = cursor
                        if data:
                            yield LogBlock(rank, int(cursor.partition(".")[0]), data, cursor)
                elif kind in ("task", "end"):
                    task = Experiment(header["task"])
                    # From now on by chain: a newer task of the same name is another one.
                    self._selector = selector(task)
                    yield TaskUpdate(task, header["reason"] if kind == "end" else None)
        except TransportError as error:
            raise UnreachableError(url=session.url, reason=error.reason) from None
        finally:
            places.close()
            self._stream.close()
            self._stream = None


def _before(cursor: str, missing: int) -> str:
    """The cursor so many bytes earlier; a frame never spans two segments."""
    if not missing:
        return cursor
    place, _, offset = cursor.rpartition(".")
    return f"{place}.{int(offset) - missing}"


def stream_log_blocks(
    experiment: ExperimentLike,
    rank: Union[int, str] = 0,
    follow: bool = False,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    tail: Optional[int] = None,
    cursor: Optional[Cursor] = None,
    run: Union[int, str, None] = None,
) -> LogEvents:
    """As :func:`hfai.client.stream_logs`, in blocks of bytes instead of lines, with the task's changes between them.

    Args:
        experiment, rank, follow, since, until, tail, cursor, run: see there.

    Raises:
        StreamLost, HfaiError: see there.

    Example:
        >>> for event in stream_log_blocks("sample_exp", follow=True):  # doctest: +SKIP
        ...     if isinstance(event, LogBlock):
        ...         sys.stdout.buffer.write(event.data)
    """
    query = log_query(rank, follow=follow, since=since, until=until, tail=tail, cursor=cursor, run=run)
    return LogEvents(experiment, query)
