"""``operating/task/tag``, ``operating/task/untag`` and ``query/user/tag/list``."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.http.selecting import find, shown
from hfai.model.errors import RefusedError


async def tag(call: Call) -> Answer:
    """Put a tag on a task; a second time changes nothing."""
    name = _tag(call)
    task = call.engine.tags.add(find(call), name)
    return {"success": 1, "msg": f"训练任务[{shown(task)}] 设置 tag {name} 标记成功"}


async def untag(call: Call) -> Answer:
    """Take a tag off a task; one it does not have is no error."""
    name = _tag(call)
    task = call.engine.tags.remove(find(call), name)
    return {"success": 1, "msg": f"训练任务[{shown(task)}] 取消 tag {name} 标记成功"}


async def list_tags(call: Call) -> Answer:
    """The caller's tags."""
    return {"success": 1, "result": call.engine.tags.of(call.user)}


def _tag(call: Call) -> str:
    name = call.arguments.text("tag")
    call.arguments.ensure_valid()
    if name.startswith("_"):
        error = RefusedError("the tag {tag} begins with _: those are the platform's, choose another", tag=name)
        raise Refusal(error, "以下划线开头的 tag 是系统保留 tag, 请使用其他命名")
    if not name.strip():
        raise Refusal(RefusedError("a tag cannot be empty"))
    return name
