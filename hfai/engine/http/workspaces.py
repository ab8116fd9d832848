"""``operating/workspace/...`` and ``query/workspace...``: pushing trees, and reading what is in them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, AsyncGenerator, Union

from attrs import asdict, frozen
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hfai.engine.deputy.workspaces import TheirWorkspaces
from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.workspaces.folder import Record
from hfai.engine.workspaces.workspaces import Committed, Workspaces
from hfai.model.errors import NotAuthorised, RefusedError
from hfai.model.workspace.pack import LARGEST, unsqueezed
from hfai.model.workspace.paths import ensure_path, is_digest

MEDIA_TYPE = "application/x-hfai-pack"
# A list of a million paths with their hashes.
_LARGEST_LIST = 256 << 20


async def create(call: Call) -> Answer:
    """A new workspace, or the one of that name."""
    record, is_new = await _workspaces(call).create(call.user.name, _name(call))
    return {"success": 1, "result": {**_told(record), "is_new": is_new}}


async def remove(call: Call) -> Answer:
    """Remove it with everything in it; refused while an unfinished task works in it."""
    await _workspaces(call).remove(call.user.name, _name(call))
    return {"success": 1}


async def list_workspaces(call: Call) -> Answer:
    """The caller's workspaces."""
    return {"success": 1, "result": [_told(record) for record in await _workspaces(call).of_user(call.user.name)]}


async def head(call: Call) -> Answer:
    """What was pushed last, the directory that tasks are to work in, and whether contents of an unfinished push are kept."""
    name = _name(call)
    record, path = await _workspaces(call).head(call.user.name, name)
    is_staged = await _workspaces(call).is_staged(call.user.name, name)
    return {"success": 1, "result": {**_told(record), "path": str(path), "is_staged": is_staged}}


async def tree(call: Call) -> Answer:
    """Every entry that can be pulled."""
    record, rows = await _workspaces(call).rows(call.user.name, _name(call))
    head = json.dumps({"success": 1, "result": {**_told(record), "tree": []}}).encode().removesuffix(b"[]}}")
    return Response(b"".join((head, rows, b"}}")), media_type="application/json")


async def begin(call: Call) -> Answer:
    """Begin a push: what has to be sent for it; with ``commit``, where nothing has, it counts at once (``done``)."""
    name = _name(call)
    body = await _list(call)
    begun = await _workspaces(call).begin(call.user.name, name, await call.body(), body)
    done = begun.done and _done(begun.done)
    return {"success": 1, "result": {**begun._asdict(), "done": done}}


async def pack(call: Call) -> Answer:
    """Small contents of a push."""
    name, is_squeezed, is_early = _name(call), call.arguments.flag("zip", False), call.arguments.flag("early", False)
    call.arguments.ensure_valid()
    body = await _contents(call, is_squeezed=is_squeezed)
    count = await _workspaces(call).add_pack(call.user.name, name, body, is_early=is_early)
    return {"success": 1, "count": count}


async def part(call: Call) -> Answer:
    """A piece of a large content, from byte ``at`` on; answers where the next one begins."""
    name, digest = _name(call), _digest(call)
    at, size = call.arguments.whole("at"), call.arguments.whole("size")
    is_squeezed = call.arguments.flag("zip", False)
    call.arguments.ensure_valid()
    data = await _contents(call, is_squeezed=is_squeezed)
    return {"success": 1, "at": await _workspaces(call).add_part(call.user.name, name, digest, at, size, data)}


async def copy(call: Call) -> Answer:
    """A large content that is a file of this machine: for whoever the engine itself runs as, who could read it anyway."""
    if call.user.name != call.engine.accounts.owner.name:
        raise NotAuthorised(message="only the owner of the engine may name files of its machine")
    name = _name(call)
    body = await call.json()
    numbers = ("size", "mtime_ns", "ctime_ns", "ino")
    if (
        not isinstance(body, dict)
        or not is_digest(body.get("sha256"))
        or not isinstance(body.get("path"), str)
        or not all(isinstance(body.get(key), int) for key in numbers)
    ):
        raise BadArguments([problem(("body",), "a file is sha256, path, size, mtime_ns, ctime_ns, ino", "value_error")])
    stat = {key: body[key] for key in numbers}
    try:
        done = await _workspaces(call).take_copy(call.user.name, name, body["sha256"], body["path"], stat)
    except (PermissionError, FileNotFoundError, IsADirectoryError):
        done = False
    return {"success": 1, "copied": done}


async def commit(call: Call) -> Answer:
    """Make a push count; ``missing`` holds contents that have to be sent again first."""
    name, push = _name(call), call.arguments.text("push")
    if len(push) != 32 or not push.isalnum():
        call.arguments.wrong("push", "this is no push")
    call.arguments.ensure_valid()
    return {"success": 1, "result": _done(await _workspaces(call).commit(call.user.name, name, push))}


async def content(call: Call) -> Answer:
    """The contents of files, one frame each."""
    name = _name(call)
    body = await _list(call)
    paths, at = (body.get("paths"), body.get("at", 0)) if isinstance(body, dict) else (None, 0)
    if not isinstance(paths, list) or not isinstance(at, int) or at < 0 or (at and len(paths) != 1):
        raise BadArguments([problem(("body", "paths"), "value is not a valid list", "type_error.list")])
    for path in paths:
        ensure_path(path)
    return _ContentAnswer(call, await _workspaces(call).content(call.user.name, name, paths, at))


@frozen
class _ContentAnswer:
    """Blocks as they come; whatever cuts them off leaves out the last frame."""

    call: Call
    blocks: AsyncGenerator[bytes, None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", MEDIA_TYPE.encode())]})

        async def work() -> None:
            async for block in self.blocks:
                await send({"type": "http.response.body", "body": block, "more_body": True})

        try:
            done = await self.call.serving.while_wanted(work(), receive, self.call.token)
            if done is not None:
                done.result()
        finally:
            await self.blocks.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _workspaces(call: Call) -> Union[Workspaces, TheirWorkspaces]:
    """Those of the caller: where their tasks have an account of their own it does the work."""
    return call.engine.workspaces_of(call.user)


def _name(call: Call) -> str:
    name = call.arguments.text("name")
    call.arguments.ensure_valid()
    return name


def _digest(call: Call) -> str:
    digest = call.arguments.text("sha256")
    if not is_digest(digest):
        call.arguments.wrong("sha256", "it is no SHA-256 in hex")
    return digest


async def _contents(call: Call, *, is_squeezed: bool) -> bytes:
    body = await call.body(LARGEST)
    try:
        return await asyncio.to_thread(unsqueezed, body) if is_squeezed else body
    except ValueError as error:
        raise RefusedError("a pack arrived damaged ({reason}): push again", reason=str(error)) from None


async def _list(call: Call) -> Any:
    """A body of JSON that may be long."""
    body = await call.body(_LARGEST_LIST)
    try:
        return await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError) as error:
        raise BadArguments([problem(("body", 0), str(error), "value_error.jsondecode")]) from None


def _done(done: Committed) -> dict[str, Any]:
    return {**_told(done.record), "path": str(done.path), "missing": done.missing}


def _told(record: Record) -> dict[str, Any]:
    return asdict(record)
