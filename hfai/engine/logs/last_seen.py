"""Logs as clients of HAI Platform ask for them (wire document, section 4): all since ``last_seen`` in one answer.

Clients keep ``last_seen`` as it is and send it back. Ours has a ``cursor`` beside what HAI Platform puts in, so that
going on is exact; without it timestamp and offset must do.
"""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from typing import Any, Iterator, Mapping, Optional, Sequence

from hfai.engine.logs.cursor import Cursor
from hfai.engine.logs.ranklog import RankDirectory
from hfai.engine.logs.seek import complete_end, first_from
from hfai.engine.logs.segments import Segments
from hfai.engine.logs.stamps import STAMP_BYTES, stamp_at, stamp_of, wire_time
from hfai.model.records import Run

NO_LOG_YET = "还没产生日志"
_CUT = "...(日志长度超过 4096，已被截断)"
_LINE_CHARACTERS = 4096
_HFAI_PRINT = "[HFAI_PRINT"
# HAI Platform keeps about as much per rank and attempt; one answer holds all of it in memory.
ANSWER_BYTES = 8 * 1024 * 1024


def parse_last_seen(text: Optional[str]) -> Optional[Mapping[str, Any]]:
    """The object that an earlier answer gave; None for ``null``, nothing, and whatever cannot be one."""
    try:
        seen = json.loads(text or "null")
        if not isinstance(seen, dict) or not isinstance(seen["id"], int):
            return None
        datetime.fromisoformat(seen["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
    return seen


def read_since(
    runs: Sequence[Run], rank: int, directory: RankDirectory, last_seen: Optional[Mapping[str, Any]]
) -> tuple[str, Optional[Mapping[str, Any]]]:
    """The text after ``last_seen`` and the next ``last_seen``. Reads files: call it in a thread.

    Only whole lines; the rest of a line comes with its newline. Runs are separated by an empty line. At most 8 MiB:
    with a ``last_seen`` the next ones, without it the newest ones.
    """
    wanted = [run for run in runs if last_seen is None or run.id >= last_seen["id"]]
    logs = [(run.id, Segments(directory(run.id, rank))) for run in wanted]
    logs = [(run_id, log) for run_id, log in logs if log.numbers()]
    if not logs:
        has_run = any(directory(run.id, rank).parent.exists() for run in runs)
        return ("" if has_run else NO_LOG_YET), last_seen
    start = _start(logs, last_seen)
    parts: dict[int, list[bytes]] = {}
    for cursor, block in _blocks(logs, start, ANSWER_BYTES):
        parts.setdefault(cursor.run, []).append(block)
        last_seen = _seen(dict(logs)[cursor.run], cursor, block)
    return "\n".join(_shown(b"".join(blocks)) for blocks in parts.values()), last_seen


def _start(logs: Sequence[tuple[int, Segments]], last_seen: Optional[Mapping[str, Any]]) -> Cursor:
    run_id, log = logs[0]
    if last_seen is None:
        return _newest(logs, ANSWER_BYTES)
    if run_id != last_seen["id"]:
        return Cursor(run_id)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        cursor = Cursor.parse(last_seen["cursor"])
        if cursor.run == run_id:
            return cursor
    at = datetime.fromisoformat(last_seen["timestamp"])
    stamp = f"[{at:%Y-%m-%d %H:%M:%S.%f}] ".encode()
    offset = last_seen.get("offset")
    if isinstance(offset, int) and offset >= 0:
        for segment in log.numbers():
            line = log.line_at(segment, offset)
            if line is not None and stamp_of(line) == stamp:
                return Cursor(run_id, segment, _line_end(log, segment, offset))
    return Cursor(run_id, *(first_from(log, stamp, after=True) or complete_end(log)))


def _line_end(log: Segments, segment: int, offset: int) -> int:
    while block := log.read(segment, offset):
        newline = block.find(b"\n")
        if newline >= 0:
            return offset + newline + 1
        offset += len(block)
    return offset


def _newest(logs: Sequence[tuple[int, Segments]], limit: int) -> Cursor:
    """Where the newest ``limit`` bytes begin, at a line."""
    for run_id, log in reversed(logs):
        for segment in reversed(log.numbers()):
            size = log.size(segment)
            if size > limit:
                return Cursor(run_id, segment, _line_end(log, segment, size - limit))
            limit -= size
    return Cursor(logs[0][0], logs[0][1].numbers()[0])


def _blocks(logs: Sequence[tuple[int, Segments]], start: Cursor, limit: int) -> Iterator[tuple[Cursor, bytes]]:
    """Whole lines from ``start`` on, with the cursor behind them; at most about ``limit`` bytes in all."""
    for run_id, log in logs:
        if run_id < start.run:
            continue
        end = complete_end(log)
        for segment in log.numbers():
            offset = start.offset if (run_id, segment) == (start.run, start.segment) else 0
            if (run_id, segment) < (start.run, start.segment) or segment > end[0]:
                continue
            stop = min(end[1] if segment == end[0] else log.size(segment), offset + limit)
            if stop <= offset:
                continue
            block = log.read(segment, offset, stop - offset)
            if len(block) == limit:
                block = block[: block.rfind(b"\n") + 1] or block  # a line of 8 MiB comes in pieces
            limit -= len(block)
            yield Cursor(run_id, segment, offset + len(block)), block
            if limit <= 0 or offset + len(block) < stop:
                return


def _seen(log: Segments, end: Cursor, block: bytes) -> Mapping[str, Any]:
    """The place behind a block as ``last_seen``, with time and offset of its last stamped line."""
    mtime = log.path(end.segment).stat().st_mtime
    seen = {"timestamp": wire_time(stamp_at(mtime)), "offset": end.offset, "mtime": mtime, "id": end.run}
    at = len(block)
    while at > 0:
        at = block.rfind(b"\n", 0, at)
        stamp = stamp_of(block[at + 1 : at + 1 + STAMP_BYTES])
        if stamp is not None:
            seen.update(timestamp=wire_time(stamp), offset=end.offset - len(block) + at + 1)
            break
    return {**seen, "cursor": str(end)}


def _shown(text: bytes) -> str:
    decoded = text.decode("utf-8", errors="replace")
    if len(decoded) <= _LINE_CHARACTERS:
        return decoded
    lines = decoded.split("\n")
    for index, line in enumerate(lines):
        if len(line) > _LINE_CHARACTERS and not line.startswith(_HFAI_PRINT, STAMP_BYTES):
            lines[index] = line[:_LINE_CHARACTERS] + _CUT
    return "\n".join(lines)
