"""``operating/haienv/...`` and ``query/haienv``: environments that come from another machine, and go back."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.py_venv import environment_of
from hfai.engine.users import unix_name_of
from hfai.haienv.arriving import put_together, rebuild
from hfai.haienv.parcel import Parcel, parcel, read_parcel, tree_names, why_rebuilt
from hfai.haienv.registry import Environment, environments
from hfai.model.errors import EnvironmentNotFound, InvalidTask, RefusedError, WorkspaceNotFound
from hfai.model.phrase import packed


async def check(call: Call) -> Answer:
    """Whether an environment of that description can be used here as it is; and whether there is one of its name."""
    _ensure_own(call)
    told = read_parcel(await call.json())
    why = await asyncio.to_thread(why_rebuilt, told)
    there = any(one.name == told.name for one in environments(call.user.name))
    return {"success": 1, "why_rebuilt": packed(why), "is_there": there}


async def install(call: Call) -> Answer:
    """Make it of the trees that were pushed, or with ``rebuild`` from its lock. Answers when it is whole."""
    force, is_rebuilt = call.arguments.flag("force", False), call.arguments.flag("rebuild", False)
    call.arguments.ensure_valid()
    _ensure_own(call)
    told, owner = read_parcel(await call.json()), call.user.name
    if is_rebuilt:
        one = await asyncio.to_thread(rebuild, told, owner, replace=force)
        return _answer(one)
    names = tree_names(told.name, told.trees)
    trees = [(await call.engine.workspaces.head(owner, name))[1] for name in names]
    one = await asyncio.to_thread(put_together, told, lambda _: trees, owner, replace=force)
    await _remove(call, names)
    return _answer(one)


async def describe(call: Call) -> Answer:
    """What one of the caller's environments is."""
    told, _ = await _found(call)
    return {"success": 1, "result": told._asdict()}


async def pack(call: Call) -> Answer:
    """Put the trees of one of the caller's environments where they can be pulled from."""
    _ensure_own(call)
    told, places = await _found(call)
    for name, place in zip(tree_names(told.name, told.trees), places):
        await call.engine.workspaces.fill(call.user.name, name, place)
    return {"success": 1, "result": told._asdict()}


async def unpack(call: Call) -> Answer:
    """The trees were pulled: forget them."""
    told, _ = await _found(call)
    await _remove(call, tree_names(told.name, told.trees))
    return {"success": 1}


async def _found(call: Call) -> tuple[Parcel, list[Any]]:
    name = call.arguments.text("name")
    call.arguments.ensure_valid()
    if "[" in name:
        raise BadArguments([problem(("query", "name"), "only your own environments travel", "value_error")])
    try:
        return await asyncio.to_thread(lambda: parcel(environment_of(name, call.user)))
    except InvalidTask:
        raise EnvironmentNotFound("you have no environment {environment} on the platform", environment=name) from None


async def _remove(call: Call, names: list[str]) -> None:
    for name in names:
        with contextlib.suppress(WorkspaceNotFound):
            await call.engine.workspaces.remove(call.user.name, name)


def _ensure_own(call: Call) -> None:
    """What comes belongs to the account of the engine: tasks that run under another could not be sure of it."""
    if call.user.unix_name not in ("", unix_name_of(os.getuid())):
        template = "environments do not travel to {account}, an account of its own: make it there with `haienv create`"
        raise RefusedError(template, account=call.user.unix_name)


def _answer(one: Environment) -> Answer:
    return {"success": 1, "result": {"name": one.name, "py": one.py, "path": one.path}}
