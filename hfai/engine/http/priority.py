"""``operating/task/priority/update``: another priority for an unfinished task."""

from __future__ import annotations

import time

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.http.selecting import find, shown
from hfai.model.errors import RefusedError, UsageError
from hfai.model.priorities import Priority
from hfai.model.states import ChainStatus


async def update_priority(call: Call) -> Answer:
    """The new priority counts at once and for every run to come.

    ``real_priority`` means the same. ``custom_rank`` alone changes nothing here and is refused. All nine priorities are allowed, and
    as often as one likes: the two limits of HAI Platform serve its billing (wire document, section 3).
    """
    arguments = call.arguments
    wanted = arguments.optional_whole("priority")
    if wanted is None:
        wanted = arguments.optional_whole("real_priority")
    task = find(call)
    if task.chain_status is ChainStatus.FINISHED:
        error = RefusedError("task {name} has finished: its priority cannot be changed", name=task.nb_name)
        raise Refusal(error, "不能更新已经结束任务的优先级")
    if wanted is None:
        raise Refusal(UsageError("name the new priority"), "必须指定要更新的字段")
    if wanted not in list(Priority):
        allowed = ", ".join(str(int(priority)) for priority in Priority)
        template = "priority {priority} is none of {allowed}"
        text = "优先级有误: 优先级设置不对, 请参考 hfai.client.EXP_PRIORITY"
        raise Refusal(UsageError(template, priority=wanted, allowed=allowed), text)
    task = call.engine.set_priority(task, wanted)
    msg = f"成功修改 {shown(task)} 的 priority 为 {wanted}"
    return {"success": 1, "msg": msg, "timestamp": time.time(), "task": task.to_wire()}
