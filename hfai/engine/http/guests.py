"""``operating/task/guest/open`` and ``.../send``: a program beside a running task, over plain HTTP.

One answer carries its output for as long as it runs, in frames; its input goes in requests of its own. So it passes any
proxy and both of our transports, which an ``Upgrade`` or a body that is sent while the answer comes would not, and
whatever cuts the answer off ends the program. Frames and arguments: docs/architecture.md.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Awaitable, Callable, Optional

from attrs import frozen
from starlette.types import Receive, Scope, Send

from hfai.engine.executors.base import GuestRefused
from hfai.engine.executors.guest import Guest
from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.auth import user_of
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal, refuse
from hfai.engine.http.selecting import find
from hfai.engine.http.serving import OpenGuest
from hfai.engine.supervise.guests import SIGNALS
from hfai.model.errors import NotFoundError
from hfai.model.phrase import packed
from hfai.model.profiling import profile_options
from hfai.model.records import Task

MEDIA_TYPE = "application/x-hfai-guest"
BEAT_S = 5.0
BEAT = b'{"t":"beat"}\n'
# How long one request waits for a program that does not read its input.
PATIENCE_S = 5.0
_KINDS = ("command", "profiler")


async def open_guest(call: Call) -> Answer:
    """Refusals are ordinary JSON answers; once it has begun, only the ``end`` frame is an end."""
    rank = call.arguments.whole("rank", 0)
    task = find(call)
    request = await call.json()
    if not isinstance(request, dict) or request.get("kind") not in _KINDS:
        raise BadArguments([problem(("body", "kind"), f"kind is one of {', '.join(_KINDS)}", "value_error")])
    if request["kind"] == "profiler":
        request["options"] = _profile_options(request.get("options"))
    opening = {name: request.get(name) for name in ("kind", "argv", "tty", "options")}
    try:
        guest: Optional[Guest] = await call.engine.open_guest(task, rank, opening)
        refused = None
    except GuestRefused as error:
        guest, refused = None, error
    return _GuestAnswer(call, _opened(task, rank), guest, refused)


def _profile_options(asked: Any) -> dict[str, Any]:
    known = profile_options().to_wire()
    if not isinstance(asked, dict) or not asked.keys() <= known.keys():
        raise BadArguments([problem(("body", "options"), f"options is an object with {', '.join(known)}", "value_error")])
    return profile_options(**asked).to_wire()


def _opened(task: Task, rank: int) -> dict[str, Any]:
    node = next((job.node for job in task.jobs if job.rank == rank), "")
    return {"t": "open", "rank": rank, "node": node, "run": task.newest.id, "guest": secrets.token_hex(16)}


async def send(call: Call) -> Answer:
    """Input from byte ``at`` on, and whatever else there is to tell. Saying it twice does no harm.

    Answers how much of all input was ``taken`` so far, at most five seconds later; ``open`` is false where no more is.
    """
    found = call.serving.guests.get(call.arguments.text("guest"))
    at = call.arguments.optional_whole("at")
    rows, columns = call.arguments.optional_whole("rows"), call.arguments.optional_whole("columns")
    for name, cells in (("rows", rows), ("columns", columns)):
        if cells is not None and not 0 < cells < 65536:
            call.arguments.wrong(name, "ensure this value is from 1 to 65535")
    signal = call.arguments.optional("signal")
    if signal is not None and signal not in SIGNALS:
        call.arguments.wrong("signal", f"a signal is one of {', '.join(SIGNALS)}, not {signal!r}")
    is_last = call.arguments.flag("last", False)
    call.arguments.ensure_valid()
    if found is None or found.user_name != call.user.name:
        raise NotFoundError("the shell has ended, or it never was yours")
    if rows is not None and columns is not None:
        found.guest.resize(rows, columns)
    if signal is not None:
        found.guest.signal(signal)
    is_open = await _give(found, at, await call.body(), is_last=is_last) if at is not None else True
    return {"success": 1, "taken": found.taken, "open": is_open}


async def _give(found: OpenGuest, at: int, data: bytes, *, is_last: bool) -> bool:
    if not found.taken - len(data) <= at <= found.taken:
        raise BadArguments([problem(("query", "at"), f"input goes on at byte {found.taken}", "value_error")])
    end = at + len(data)
    taken = await found.guest.write(data[found.taken - at :], PATIENCE_S)
    if taken is None:
        return False
    found.taken += taken
    if is_last and found.taken == end:
        await found.guest.end_input()
    return True


@frozen
class _GuestAnswer:
    """The frames of one guest as a response; the guest ends with it."""

    call: Call
    opened: dict[str, Any]
    guest: Optional[Guest]
    refused: Optional[GuestRefused]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]

        async def send_block(block: bytes) -> None:
            await send({"type": "http.response.body", "body": block, "more_body": True})

        serving, done = self.call.serving, None
        try:
            if self.guest is not None:
                serving.guests[self.opened["guest"]] = OpenGuest(self.call.user.name, self.guest)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            done = await serving.while_wanted(self._run(send_block), receive, self.call.token)
        finally:
            serving.guests.pop(self.opened["guest"], None)
            if self.guest is not None:
                self.guest.close()
        if done is not None:
            done.result()
        elif (refusal := self._refusal()) is not None:
            await send_block(refusal)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _run(self, send_block: Callable[[bytes], Awaitable[None]]) -> None:
        await send_block(_line(self.opened))
        if self.guest is None:
            status, why = (self.refused.exit_code, packed(self.refused.message)) if self.refused else (None, "")
            await send_block(_line({"t": "end", "exit_status": status, "run_ended": False, "msg": why}))
            return
        while not self.guest.is_over:
            blocks = await self.guest.read(BEAT_S)
            for number, data in blocks:
                await send_block(b'{"t":"data","fd":%d,"n":%d}\n%b' % (number, len(data), data))
            if not blocks:
                await send_block(BEAT)
        end = self.guest.end
        if end is not None:
            await send_block(_line({"t": "end", "exit_status": end.exit_status, "run_ended": end.run_ended, "msg": ""}))

    def _refusal(self) -> Optional[bytes]:
        """Why whoever opened it may no longer have it, as a line; None if that is not so."""
        try:
            user_of(self.call.engine, self.call.token)
        except Refusal as refusal:
            return bytes(refuse(refusal.error, refusal.msg, refusal.status).body) + b"\n"
        return None


def _line(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape") + b"\n"
