"""``query/task/log/stream``: log blocks as they are written (frames: docs/architecture.md, HTTP)."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Callable, ContextManager, Optional, TypeVar

from attrs import frozen
from starlette.types import Receive, Scope, Send

from hfai.engine.http.arguments import Arguments
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.logs.cursor import parse_cursors
from hfai.engine.logs.frames import MEDIA_TYPE
from hfai.engine.logs.ranklog import Window
from hfai.engine.logs.ranks import parse_ranks
from hfai.engine.logs.selection import LogSelection
from hfai.engine.logs.stamps import parse_time
from hfai.engine.logs.stream import Change, LogStream
from hfai.engine.queries import Selector, User
from hfai.model.records import Task

_T = TypeVar("_T")
_RUN = re.compile(r"newest|all|\d{1,19}", re.ASCII)


async def log_stream(call: Call) -> Answer:
    """Refusals are ordinary JSON answers; once it has begun, only the ``end`` frame is an end."""
    follow = call.arguments.flag("follow", False)
    task = find(call)
    selection = _selection(call.arguments, task, follow=follow)
    source = _EngineLogs(call)
    return _StreamAnswer(call, LogStream(source, call.serving.watcher, task, selection))


def _selection(arguments: Arguments, task: Task, *, follow: bool) -> LogSelection:
    run = arguments.text("run", "newest")
    if not _RUN.fullmatch(run):
        arguments.wrong("run", f"a run is newest, all, or the id of one, not {run!r}")
    ranks_of = partial(parse_ranks, nodes=task.nodes, experiment=task.nb_name)
    ranks = _parsed(arguments, "rank", ranks_of) or (0,)
    cursors = _parsed(arguments, "cursor", parse_cursors) or {}
    tail = arguments.optional_whole("tail")
    if tail is not None and tail < 0:
        arguments.wrong("tail", "ensure this value is greater than or equal to 0", "value_error.number.not_ge")
    since = _parsed(arguments, "since", parse_time)
    until = _parsed(arguments, "until", parse_time)
    by_place = arguments.flag("by_place", False)
    arguments.ensure_valid()
    for rank in cursors:
        ranks_of(str(rank))
    window = Window(tail=tail, since=since, until=until)
    return LogSelection(ranks, follow=follow, run=run, cursors=cursors, window=window, by_place=by_place)


def _parsed(arguments: Arguments, name: str, parse: Callable[[str], _T]) -> Optional[_T]:
    """What an argument means; None if it was not given or cannot be read, which is then noted."""
    text = arguments.optional(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        arguments.wrong(name, str(error))
        return None


@frozen
class _EngineLogs:
    """The engine as a log stream sees it."""

    call: Call

    def refresh(self, task: Task) -> Task:
        user: User = self.call.user
        return self.call.engine.find(Selector(chain_id=task.chain_id), user=user)

    def rank_dir(self, run_id: int, rank: int) -> Path:
        return self.call.engine.rank_dir(run_id, rank)

    def watch(self, chain_id: str) -> ContextManager[Change]:
        return self.call.engine.watch(chain_id)


@frozen
class _StreamAnswer:
    """The stream as a response that ends with its client, with the daemon and with the right to read it."""

    call: Call
    stream: LogStream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def send_block(block: bytes) -> None:
            await send({"type": "http.response.body", "body": block, "more_body": True})

        done = await self.call.serving.while_wanted(self.stream.run(send_block), receive, self.call.token)
        if done is not None:
            done.result()
        # Also where it was cut short, in the middle of a block perhaps: no end frame has been sent, so the client knows and asks again.
        await send({"type": "http.response.body", "body": b"", "more_body": False})
