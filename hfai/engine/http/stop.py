"""``operating/task/stop``: end a task, as stopped, failed, succeeded, or to be started again later."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find, shown
from hfai.engine.queries import StopOp

_OPS = ("stop", "suspend", "succeed", "fail")


async def stop(call: Call) -> Answer:
    """Returns at once; a running task gets its grace time. Ending a task that has ended is no error."""
    op = call.arguments.choice("op", "stop", _OPS)
    task = find(call)
    outcome = await call.engine.stop(task, StopOp(op))
    if outcome == "already_finished":
        msg = f"{shown(task)} 已经停止，不再[{op}]"
    elif outcome in ("canceled", "queued"):
        msg = f"{shown(task)} 并没有在运行"
    else:
        msg = f"{shown(task)} 已对 id {task.id} 执行 [{op}] 命令，原来状态，返回信息 None"
    return {"success": 1, "msg": msg, "outcome": outcome}
