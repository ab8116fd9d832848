"""Following a log on a HAI Platform, which has no streams: ask for what is new, again and again (wire document, 4)."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional

from hfai.client import _session
from hfai.client._experiment import Experiment
from hfai.client._patience import Patience
from hfai.client._select import query_task, selector
from hfai.model.errors import NotFoundError, RankNotFound, StreamLost, UnreachableError, UsageError

if TYPE_CHECKING:
    from hfai.client._log_blocks import LogEvent
    from hfai.client._log_query import LogQuery

_NO_LOG_YET = "还没产生日志"
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 5.0
_TICK_S = 0.2


def poll_log(
    arguments: Mapping[str, str], subject: str, query: LogQuery, is_aborted: Callable[[], bool]
) -> Iterator[LogEvent]:
    """The events of :class:`~hfai.client._log_blocks.LogEvents`; cursors are the server's ``last_seen`` as JSON."""
    from hfai.client._log_blocks import LogBlock, TaskUpdate

    task = Experiment(query_task(arguments, subject=subject))
    arguments = selector(task)
    yield TaskUpdate(task)
    reader = _Reader(arguments, subject, query, task)
    pause_s = _FIRST_PAUSE_S
    shown = _shown(task)
    while not is_aborted():
        # Asked before reading: what was written before the end is then read.
        task = _patiently(lambda: Experiment(query_task(arguments, subject=subject)), subject)
        if _shown(task) != shown:
            shown = _shown(task)
            yield TaskUpdate(task)
        has_more = False
        for rank in reader.ranks:
            data, cursor, run = _patiently(lambda rank=rank: reader.read(rank), subject)  # type: ignore[misc]
            if data:
                has_more = True
                yield LogBlock(rank, run or task.id, data, cursor)
        if task.is_finished or not query.follow:
            yield TaskUpdate(task, "finished" if task.is_finished else "eof")
            return
        pause_s = _FIRST_PAUSE_S if has_more else min(1.5 * pause_s, _LONGEST_PAUSE_S)
        deadline = time.monotonic() + pause_s
        while time.monotonic() < deadline and not is_aborted():
            time.sleep(_TICK_S)


class _Reader:
    """What is new of each rank, filtered here because the server cannot."""

    def __init__(self, arguments: Mapping[str, str], subject: str, query: LogQuery, task: Experiment) -> None:
        self.ranks = _ranks(query.rank, task)
        self._arguments = arguments
        self._subject = subject
        self._seen: dict[int, Any] = {rank: _last_seen(cursor) for rank, cursor in query.cursors.items()}
        self._tail = {rank: query.tail for rank in self.ranks if rank not in query.cursors}
        since, until = _window_of_run(query.run, task)
        self._since = max(filter(None, (_stamp(query.since), since)), default=None)
        self._until = min(filter(None, (_stamp(query.until), until)), default=None)

    def read(self, rank: int) -> tuple[bytes, str, Optional[int]]:
        """New lines, the cursor behind them and the run of the last of them."""
        seen = self._seen.get(rank)
        query = {**self._arguments, "rank": str(rank), "last_seen": json.dumps(seen)}
        answer = _session.current().post("query/task/log", query, subject=self._subject)
        text = str(answer["data"])
        self._seen[rank] = seen = answer.get("last_seen")
        data = b"" if text == _NO_LOG_YET else text.encode()
        if data and not data.endswith(b"\n"):
            data += b"\n"
        return self._wanted(rank, data), json.dumps(seen), seen.get("id") if isinstance(seen, dict) else None

    def _wanted(self, rank: int, data: bytes) -> bytes:
        if self._since or self._until:
            lines = [line for line in data.splitlines(keepends=True) if self._is_inside(line[1:27])]
            data = b"".join(lines)
        tail = self._tail.pop(rank, None) if data else None
        if tail is not None:
            lines = data.splitlines(keepends=True)
            data = b"".join(lines[len(lines) - tail :] if tail < len(lines) else lines)
        return data

    def _is_inside(self, stamp: bytes) -> bool:
        return (self._since is None or stamp >= self._since) and (self._until is None or stamp <= self._until)


def _patiently(ask: Callable[[], Any], subject: str) -> Any:
    patience = Patience()
    while True:
        try:
            return ask()
        except UnreachableError as error:
            if not patience.is_worth_it(error):
                raise StreamLost(experiment=subject, reason=str(error.data.get("reason", error))) from None


def _shown(task: Experiment) -> tuple[Any, ...]:
    return task.id, task.chain_status, task.worker_status, tuple(job.status for job in task.jobs)


def _ranks(text: str, task: Experiment) -> list[int]:
    if text == "all":
        return list(range(task.nodes))
    ranks: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise UsageError("rank must be a number from 0 on, all, or a list like 0,3-5; not {found}", found=text)
        ranks += range(int(first), int(last or first) + 1)
    for rank in ranks:
        if rank >= task.nodes:
            valid = "0" if task.nodes == 1 else f"0-{task.nodes - 1}"
            raise RankNotFound(experiment=task.nb_name, rank=rank, ranks=valid)
    return ranks


def _last_seen(cursor: str) -> Any:
    try:
        return json.loads(cursor)
    except ValueError:
        raise UsageError("the cursor {found} is not one of this server", found=cursor) from None


def _window_of_run(run: str, task: Experiment) -> tuple[Optional[bytes], Optional[bytes]]:
    """From when to when a run wrote: the answers are of the whole chain and do not say which line is whose."""
    if run == "all" or (run == "newest" and len(task.id_list) < 2):
        return None, None
    if run == "newest":
        return _stamp(task.begin_at_list[-1]), None
    if not run.isdecimal() or int(run) not in task.id_list:
        runs = ", ".join(map(str, task.id_list))
        raise NotFoundError(
            "task {experiment} has no run {run}: its runs are {runs}", experiment=task.nb_name, run=run, runs=runs
        )
    index = task.id_list.index(int(run))
    is_over = task.queue_status_list[index] == "finished"
    return _stamp(task.begin_at_list[index]), _stamp(task.end_at_list[index]) if is_over else None


def _stamp(text: Optional[str]) -> Optional[bytes]:
    """A time as it stands in the stamp of a line, so that the two compare as bytes."""
    if text is None:
        return None
    try:
        at = datetime.fromtimestamp(float(text))
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError("{found} is no time: ISO 8601 or seconds since 1970", found=text) from None
    if at.tzinfo is not None:
        at = at.astimezone().replace(tzinfo=None)
    return f"{at:%Y-%m-%d %H:%M:%S.%f}".encode()
