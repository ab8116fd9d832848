"""``operating/task/resume``: put the chain into the queue again."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.create import NAME_IN_USE
from hfai.engine.http.refusals import Refusal
from hfai.engine.http.selecting import find
from hfai.model.errors import NameInUse


async def resume(call: Call) -> Answer:
    """A new run of the same chain, queued; one that waits already goes on waiting."""
    task = find(call)
    try:
        task = call.engine.resume(task)
    except NameInUse as error:
        raise Refusal(error, NAME_IN_USE.format(name=task.nb_name)) from None
    return {"success": 1, "msg": "直接插入队列成功，请等待调度", "task": task.to_wire()}
