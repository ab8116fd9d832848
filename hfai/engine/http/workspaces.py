"""``operating/workspace/...`` and ``query/workspace...``: pushing trees, and reading what is in them."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Iterator, Optional

from attrs import asdict, frozen
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.workspaces.folder import Record
from hfai.engine.workspaces.workspaces import Committed
from hfai.model.errors import NotAuthorised, RefusedError
from hfai.model.workspace.pack import LARGEST, unsqueezed
from hfai.model.workspace.paths import ensure_path, is_digest
from hfai.model.workspace.safe_tree import SafeTree

MEDIA_TYPE = "application/x-hfai-pack"
# A list of a million paths with their hashes.
_LARGEST_LIST = 256 << 20
_BLOCK = 1 << 20


async def create(call: Call) -> Answer:
    """A new workspace, or the one of that name."""
    record, is_new = await call.engine.workspaces.create(call.user.name, _name(call))
    return {"success": 1, "result": {**_told(record), "is_new": is_new}}


async def remove(call: Call) -> Answer:
    """Remove it with everything in it; refused while an unfinished task works in it."""
    await call.engine.workspaces.remove(call.user.name, _name(call))
    return {"success": 1}


async def list_workspaces(call: Call) -> Answer:
    """The caller's workspaces."""
    return {"success": 1, "result": [_told(record) for record in await call.engine.workspaces.of_user(call.user.name)]}


async def head(call: Call) -> Answer:
    """What was pushed last, the directory that tasks are to work in, and whether contents of an unfinished push are kept."""
    name = _name(call)
    record, path = await call.engine.workspaces.head(call.user.name, name)
    is_staged = call.engine.workspaces.is_staged(call.user.name, name)
    return {"success": 1, "result": {**_told(record), "path": str(path), "is_staged": is_staged}}


async def tree(call: Call) -> Answer:
    """Every entry that can be pulled."""
    record, found = await call.engine.workspaces.view(call.user.name, _name(call))

    def made() -> Response:
        rows = [[path, *known.entry] for path, known in found.tree.items()]
        # ASCII: names that are not UTF-8 are lone surrogates here.
        return Response(
            json.dumps({"success": 1, "result": {**_told(record), "tree": rows}}), media_type="application/json"
        )

    return await asyncio.to_thread(made)


async def begin(call: Call) -> Answer:
    """Begin a push: what has to be sent for it; with ``commit``, where nothing has, it counts at once (``done``)."""
    name = _name(call)
    body = await _list(call)
    begun = await call.engine.workspaces.begin(call.user.name, name, await call.body(), body)
    done = begun.done and _done(begun.done)
    return {"success": 1, "result": {**begun._asdict(), "done": done}}


async def pack(call: Call) -> Answer:
    """Small contents of a push."""
    name, is_squeezed, is_early = _name(call), call.arguments.flag("zip", False), call.arguments.flag("early", False)
    call.arguments.ensure_valid()
    body = await call.body(LARGEST)
    if is_squeezed:
        try:
            body = await asyncio.to_thread(unsqueezed, body)
        except ValueError as error:
            raise RefusedError("a pack arrived damaged ({reason}): push again", reason=str(error)) from None
    count = await call.engine.workspaces.add_pack(call.user.name, name, body, is_early=is_early)
    return {"success": 1, "count": count}


async def part(call: Call) -> Answer:
    """A piece of a large content, from byte ``at`` on; answers where the next one begins."""
    name, digest = _name(call), _digest(call)
    at, size = call.arguments.whole("at"), call.arguments.whole("size")
    is_squeezed = call.arguments.flag("zip", False)
    call.arguments.ensure_valid()
    data = await call.body(LARGEST)
    if is_squeezed:
        data = await asyncio.to_thread(unsqueezed, data)
    return {"success": 1, "at": await call.engine.workspaces.add_part(call.user.name, name, digest, at, size, data)}


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
        done = await call.engine.workspaces.take_copy(call.user.name, name, body["sha256"], body["path"], stat)
    except (PermissionError, FileNotFoundError, IsADirectoryError):
        done = False
    return {"success": 1, "copied": done}


async def commit(call: Call) -> Answer:
    """Make a push count; ``missing`` holds contents that have to be sent again first."""
    name, push = _name(call), call.arguments.text("push")
    if len(push) != 32 or not push.isalnum():
        call.arguments.wrong("push", "this is no push")
    call.arguments.ensure_valid()
    return {"success": 1, "result": _done(await call.engine.workspaces.commit(call.user.name, name, push))}


async def content(call: Call) -> Answer:
    """The contents of files, one frame each."""
    name = _name(call)
    body = await _list(call)
    paths, at = (body.get("paths"), body.get("at", 0)) if isinstance(body, dict) else (None, 0)
    if not isinstance(paths, list) or not isinstance(at, int) or at < 0 or (at and len(paths) != 1):
        raise BadArguments([problem(("body", "paths"), "value is not a valid list", "type_error.list")])
    for path in paths:
        ensure_path(path)
    trees = await call.engine.workspaces.trees(call.user.name, name)
    return _ContentAnswer(call, trees, paths, at)


@frozen
class _ContentAnswer:
    """Frames ``{"path", "n"}`` + bytes + ``{"end", "is_whole"}``; a path that is no file (any more) has ``n`` null and no bytes."""

    call: Call
    trees: list[Path]
    paths: list[str]
    at: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", MEDIA_TYPE.encode())]})

        async def work() -> None:
            blocks = _blocks(self.trees, self.paths, self.at)
            try:
                while block := await asyncio.to_thread(next, blocks, b""):
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            finally:
                blocks.close()  # type: ignore[attr-defined]

        done = await self.call.serving.while_wanted(work(), receive, self.call.token)
        if done is not None:
            done.result()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _blocks(trees: list[Path], paths: list[str], at: int) -> Iterator[bytes]:
    """The frames, gathered to blocks worth sending."""
    opened = [SafeTree(str(one)) for one in trees if one.is_dir()]
    waiting = bytearray()
    try:
        for path in paths:
            for piece in _pieces(opened, path, at):
                waiting += piece
                if len(waiting) >= _BLOCK:
                    yield bytes(waiting)
                    waiting.clear()
        waiting += b'{"done":true}\n'
        yield bytes(waiting)
    finally:
        for one in opened:
            one.__exit__(None, None, None)


def _pieces(trees: list[SafeTree], path: str, at: int) -> Iterator[bytes]:
    fd = _open(trees, path)
    if fd is None:
        yield json.dumps({"path": path, "n": None}).encode() + b"\n"
        return
    try:
        before = os.fstat(fd)
        left = max(before.st_size - at, 0)
        os.lseek(fd, at, os.SEEK_SET)
        yield (
            json.dumps(
                {"path": path, "n": left, "mode": before.st_mode & 0o777, "mtime_ns": before.st_mtime_ns}
            ).encode()
            + b"\n"
        )
        is_short = False
        while left:
            block = os.read(fd, min(left, _BLOCK))
            if not block:  # it has become shorter: the length is kept to, and the end says that it is not right
                is_short = True
                block = bytes(min(left, _BLOCK))
            left -= len(block)
            yield block
        after = os.fstat(fd)
        is_whole = not is_short and (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        yield json.dumps({"end": path, "is_whole": is_whole}).encode() + b"\n"
    finally:
        os.close(fd)


def _open(trees: list[SafeTree], path: str) -> Optional[int]:
    for tree in trees:
        status = tree.stat(path)
        if status is None:
            continue
        if (status.st_mode & 0o170000) != 0o100000:
            return None
        try:
            return tree.open(path)
        except OSError:
            return None
    return None


def _name(call: Call) -> str:
    name = call.arguments.text("name")
    call.arguments.ensure_valid()
    return name


def _digest(call: Call) -> str:
    digest = call.arguments.text("sha256")
    if not is_digest(digest):
        call.arguments.wrong("sha256", "it is no SHA-256 in hex")
    return digest


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
