"""``operating/haienv/...`` and ``query/haienv...``: environments that come from another machine, and go back."""

from __future__ import annotations

import asyncio
from typing import Union

from hfai.engine.deputy.environments import TheirEnvironments
from hfai.engine.environments import Environments
from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.py_venv import environment_of, environments_of, pushed
from hfai.haienv.parcel import read_parcel, tree_names
from hfai.haienv.registry import Environment
from hfai.model.errors import EnvironmentNotFound, InvalidTask, RefusedError
from hfai.model.phrase import packed


async def check(call: Call) -> Answer:
    """Whether an environment of that description can be used here as it is; and whether there is one of its name."""
    told = read_parcel(await call.json())
    why = await _environments(call).why_rebuilt(told)
    there = any(one.name == told.name for one in pushed(call.user, call.engine.config.state_dir))
    return {"success": 1, "why_rebuilt": packed(why), "is_there": there}


async def install(call: Call) -> Answer:
    """Make it of the trees that were pushed, or with ``rebuild`` from its lock. Answers when it is whole."""
    force, is_rebuilt = call.arguments.flag("force", False), call.arguments.flag("rebuild", False)
    call.arguments.ensure_valid()
    told = read_parcel(await call.json())
    one = await _environments(call).install(call.user.name, told, force=force, is_rebuilt=is_rebuilt)
    return {"success": 1, "result": {"name": one.name, "py": one.py, "path": one.path}}


async def list_environments(call: Call) -> Answer:
    """Those that the caller's tasks find by their name alone."""
    found = await asyncio.to_thread(environments_of, call.user, call.engine.config.state_dir)
    return {"success": 1, "result": [one._asdict() for one in found]}


async def describe(call: Call) -> Answer:
    """What one of the caller's environments is."""
    told = await _environments(call).describe(await _found(call))
    return {"success": 1, "result": told._asdict()}


async def pack(call: Call) -> Answer:
    """Put the trees of one of the caller's environments where they can be pulled from."""
    told = await _environments(call).pack(call.user.name, await _found(call))
    return {"success": 1, "result": told._asdict()}


async def unpack(call: Call) -> Answer:
    """The trees were pulled: forget them."""
    told = await _environments(call).describe(await _found(call))
    await _environments(call).unpack(call.user.name, tree_names(told.name, told.trees))
    return {"success": 1}


async def remove(call: Call) -> Answer:
    """Remove one of the caller's environments; refused while a running task uses it."""
    one = await _found(call)
    if one not in pushed(call.user, call.engine.config.state_dir):
        template = "environment {name} was made by {account} on the engine's machine: remove it there, with `haienv remove {name}`"
        raise RefusedError(template, name=one.name, account=one.owner)
    await _environments(call).remove(one)
    return {"success": 1}


def _environments(call: Call) -> Union[Environments, TheirEnvironments]:
    """Those of the caller: where their tasks have an account of their own it does the work."""
    return call.engine.environments_of(call.user)


async def _found(call: Call) -> Environment:
    name = call.arguments.text("name")
    call.arguments.ensure_valid()
    if "[" in name:
        raise BadArguments([problem(("query", "name"), "only your own environments travel", "value_error")])
    try:
        return await asyncio.to_thread(environment_of, name, call.user, call.engine.config.state_dir)
    except InvalidTask:
        template = "you have no environment {environment} on the platform: see them with `haienv list --remote`"
        raise EnvironmentNotFound(template, environment=name) from None
