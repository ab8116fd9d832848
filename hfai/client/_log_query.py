"""The arguments of ``query/task/log/stream`` from those of ``stream_logs``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Mapping, NamedTuple, Optional, Union

from hfai.model.errors import UsageError

_RANKS = re.compile(r"all|\s*\d{1,9}(-\d{1,9})?\s*(,\s*\d{1,9}(-\d{1,9})?\s*)*", re.ASCII)

Time = Union[str, float, datetime]
Cursor = Union[str, Mapping[int, str]]


class LogQuery(NamedTuple):
    """What of a log is wanted.

    Attributes:
        rank: ``0``, ``all`` or ``0,3-5``.
        follow: go on until the chain has finished.
        since, until: ISO text in local time, or seconds since the epoch.
        tail: only the last so many lines of what is there.
        run: ``newest``, ``all`` or an id.
        cursors: where to go on, by rank.
    """

    rank: str
    follow: bool
    since: Optional[str]
    until: Optional[str]
    tail: Optional[int]
    run: str
    cursors: dict[int, str]

    def arguments(self) -> dict[str, Union[str, None]]:
        """The query; cursors as they are now."""
        return {
            "rank": self.rank,
            "follow": "1" if self.follow else "0",
            "since": self.since,
            "until": self.until,
            "tail": None if self.tail is None else str(self.tail),
            "run": self.run,
            "cursor": ",".join(f"{rank}:{cursor}" for rank, cursor in self.cursors.items()) or None,
        }


def log_query(
    rank: Union[int, str],
    *,
    follow: bool,
    since: Optional[Time],
    until: Optional[Time],
    tail: Optional[int],
    cursor: Optional[Cursor],
    run: Union[int, str, None],
) -> LogQuery:
    """Check and bring into form.

    Raises:
        UsageError: an argument cannot be used.
    """
    if isinstance(rank, bool) or not _RANKS.fullmatch(str(rank)):
        raise UsageError("rank must be a number from 0 on, all, or a list like 0,3-5; not {found}", found=repr(rank))
    if tail is not None and (isinstance(tail, bool) or not isinstance(tail, int) or tail < 0):
        raise UsageError("tail must be a number of lines from 0 on, not {found}", found=repr(tail))
    return LogQuery(
        rank=str(rank),
        follow=bool(follow),
        since=_time("since", since),
        until=_time("until", until),
        tail=tail,
        run="newest" if run is None else str(run),
        cursors=_cursors(rank, cursor),
    )


def _time(name: str, value: Optional[Time]) -> Optional[str]:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.tzinfo is None else repr(value.timestamp())
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return None if value is None else repr(value)
    if isinstance(value, str):
        return value or None
    raise UsageError("{name} must be a time, not {found}", name=name, found=repr(value))


def _cursors(rank: Union[int, str], cursor: Optional[Cursor]) -> dict[int, str]:
    if cursor is None:
        return {}
    if isinstance(cursor, Mapping):
        return {int(number): str(text) for number, text in cursor.items()}
    if not str(rank).isdecimal():
        raise UsageError("with several ranks, cursor must be a mapping from rank to cursor")
    return {int(rank): str(cursor)}
