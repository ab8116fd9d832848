"""``operating/task/suspend``: let a task save and yield; its chain is queued again."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find, shown


async def suspend(call: Call) -> Answer:
    """Returns at once. One that waits or has ended is left as it is and no error; ``restart_delay`` is taken and means nothing, as on
    HAI Platform (wire document, section 3).
    """
    call.arguments.whole("restart_delay", 0)
    task = find(call)
    outcome = call.engine.suspend(task)
    if outcome == "suspending":
        msg = f"{shown(task)} 已对 id {task.id} 执行 [suspend] 命令，原来状态，返回信息 None"
    else:
        msg = f"{shown(task)} 已经停止，不再[suspend]"
    return {"success": 1, "msg": msg, "outcome": outcome}
