"""``query/task/wait`` and ``query/task/wait/any``: answer when tasks have changed or got somewhere, without asking again and again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from typing import Any, AsyncIterator, Optional

from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.queries import Selector
from hfai.engine.watching import Change
from hfai.model.records import Task
from hfai.model.states import ChainStatus

MOST_SECONDS = 60.0
MOST_TASKS = 1000
_STATES = (ChainStatus.RUNNING.value, ChainStatus.SUSPENDED.value, ChainStatus.FINISHED.value)


async def wait(call: Call) -> Answer:
    """Blocks until the state is reached, the task differs from ``seen``, it has finished, or the time is up.

    With neither ``state`` nor ``seen`` it answers at once. ``reached`` says whether what was waited for is so. A task whose newest run is
    no longer ``run`` has been suspended meanwhile, however short that was.
    """
    state = call.arguments.choice("state", "", ("", *_STATES))
    seen = call.arguments.optional("seen")
    run_id = call.arguments.optional_whole("run")
    timeout_s = call.arguments.seconds("timeout", MOST_SECONDS, MOST_SECONDS)
    task = find(call)
    async with _watching(call, [task.chain_id], timeout_s) as watched:
        while True:
            is_reached = _is_reached(task, state, run_id) or (seen is not None and seen != seen_token(task))
            is_over = is_reached or task.chain_status is ChainStatus.FINISHED or not (state or seen)
            if is_over or not await watched.change():
                break
            task = call.engine.find(Selector(chain_id=task.chain_id), user=call.user)
    return {"success": 1, "result": {"task": task.to_wire(), "reached": is_reached, "seen": seen_token(task)}}


async def wait_any(call: Call) -> Answer:
    """Blocks until any of the tasks is in the state or has finished, or the time is up; answers with those that are.

    The body has ``runs``: by chain id, the newest run that the client knows of.
    """
    state = call.arguments.choice("state", ChainStatus.FINISHED.value, _STATES)
    timeout_s = call.arguments.seconds("timeout", MOST_SECONDS, MOST_SECONDS)
    call.arguments.ensure_valid()
    runs = _runs_in(await call.json())
    reached: list[Task] = []
    async with _watching(call, list(runs), timeout_s) as watched:
        looking = set(runs)
        while True:
            for chain_id in looking:
                task = find(call, Selector(chain_id=chain_id))
                if _is_reached(task, state, runs[chain_id]) or task.chain_status is ChainStatus.FINISHED:
                    reached.append(task)
            if reached or not await watched.change():
                break
            looking = watched.taken()
    return {"success": 1, "result": {"tasks": [task.to_wire() for task in reached]}}


def seen_token(task: Task) -> str:
    """Short text that differs when anything that is shown of the task differs."""
    return hashlib.blake2b(json.dumps(task.to_wire(), sort_keys=True).encode(), digest_size=8).hexdigest()


def _is_reached(task: Task, state: str, run_id: Optional[int]) -> bool:
    if state == ChainStatus.SUSPENDED.value and run_id is not None and task.newest.id > run_id:
        return True
    return bool(state) and task.chain_status.value == state


def _runs_in(body: Any) -> dict[str, int]:
    runs = body.get("runs") if isinstance(body, dict) else None
    if not isinstance(runs, dict) or not 1 <= len(runs) <= MOST_TASKS:
        msg = f"value is not a mapping of 1 to {MOST_TASKS} chain ids to runs"
        raise BadArguments([problem(("body", "runs"), msg, "type_error.dict")])
    for chain_id, run_id in runs.items():
        if not isinstance(run_id, int) or isinstance(run_id, bool):
            raise BadArguments(
                [problem(("body", "runs", chain_id), "value is not a valid integer", "type_error.integer")]
            )
    return runs


class _Watched:
    """Waits for changes until the time is up or nobody is to have the answer any more."""

    def __init__(self, change: Change, unwanted: asyncio.Future[None], timeout_s: float) -> None:
        self._change = change
        self._unwanted = unwanted
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + timeout_s

    async def change(self) -> bool:
        """Return when something has changed; False if it is no use to wait any longer."""
        left_s = self._deadline - self._loop.time()
        if left_s <= 0 or self._unwanted.done():
            return False
        changed = asyncio.ensure_future(self._change.changed())
        await asyncio.wait({changed, self._unwanted}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        return True

    def taken(self) -> set[str]:
        """The chains that have changed since this was last asked."""
        return self._change.take()


@contextlib.asynccontextmanager
async def _watching(call: Call, chain_ids: list[str], timeout_s: float) -> AsyncIterator[_Watched]:
    unwanted = asyncio.ensure_future(call.serving.unwanted(call.request.receive, call.token))
    try:
        with call.engine.watch(*chain_ids) as change:
            yield _Watched(change, unwanted, timeout_s)
    finally:
        unwanted.cancel()
