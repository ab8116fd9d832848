"""``query/task``: one task with its jobs."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.http.selecting import is_empty, selector_of
from hfai.model.errors import NotAuthorised, TaskNotFound, UsageError


async def query_task(call: Call) -> Answer:
    """Unlike elsewhere, a task that is not there and one of somebody else's are the same refusal, with HTTP 200."""
    selector = selector_of(call.arguments)
    call.arguments.ensure_valid()
    if is_empty(selector):
        raise Refusal(UsageError("name a task by id, chain_id or nb_name"), "必须指定 id, chain_id 或者 nb_name")
    try:
        task = call.engine.find(selector, user=call.user)
    except (TaskNotFound, NotAuthorised) as error:
        raise Refusal(error, "没有符合条件的任务") from None
    return {"success": 1, "result": {"task": task.to_wire()}}
