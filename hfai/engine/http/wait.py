"""``query/task/wait``: answer when a task has changed or got somewhere, without asking again and again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Optional

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.queries import Selector
from hfai.model.records import Task
from hfai.model.states import ChainStatus

MOST_SECONDS = 60.0
_STATES = ("", ChainStatus.RUNNING.value, ChainStatus.SUSPENDED.value, ChainStatus.FINISHED.value)


async def wait(call: Call) -> Answer:
    """Blocks until the state is reached, the task differs from ``seen``, it has finished, or the time is up.

    With neither ``state`` nor ``seen`` it answers at once. ``reached`` says whether what was waited for is so.
    """
    state = call.arguments.choice("state", "", _STATES)
    seen = call.arguments.optional("seen")
    timeout_s = call.arguments.seconds("timeout", MOST_SECONDS, MOST_SECONDS)
    task = find(call)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    unwanted = asyncio.ensure_future(call.serving.unwanted(call.request.receive))
    try:
        with call.engine.watch(task.chain_id) as change:
            while True:
                is_reached = _is_reached(task, state, seen)
                left_s = deadline - loop.time()
                is_over = is_reached or task.chain_status is ChainStatus.FINISHED or not (state or seen)
                if is_over or left_s <= 0 or unwanted.done():
                    break
                changed = asyncio.ensure_future(change.changed())
                await asyncio.wait({changed, unwanted}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                task = call.engine.find(Selector(chain_id=task.chain_id), user=call.user)
    finally:
        unwanted.cancel()
    return {"success": 1, "result": {"task": task.to_wire(), "reached": is_reached, "seen": seen_token(task)}}


def seen_token(task: Task) -> str:
    """Short text that differs when anything that is shown of the task differs."""
    return hashlib.blake2b(json.dumps(task.to_wire(), sort_keys=True).encode(), digest_size=8).hexdigest()


def _is_reached(task: Task, state: str, seen: Optional[str]) -> bool:
    if state and task.chain_status.value == state:
        return True
    return seen is not None and seen != seen_token(task)
