"""``operating/task/create``: submit a task."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from hfai.engine.http.arguments import BadArguments, problem
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.model.errors import HfaiError, InvalidTask, NameInUse

NAME_IN_USE = "您名字为 {name} 的任务正在运行，不能重复创建，请稍后重试"

# What HAI Platform says where a key is wrong (wire document, section 3), for clients that know only its texts.
_TEXTS = {
    "version": "task config 版本不对，应该是 [2]",
    "task_type": "无效的task_type",
    "priority": "无效的 priority",
    "spec": "必须指定 task spec",
    "resource.node_count": "节点数必须大于 0",
    "options.tags": "任务 tag 不能以下划线开头",
}


async def create(call: Call) -> Answer:
    """Check the task and put it into the queue; with ``dry_run`` only check it.

    The answer comes when the task is on disk.
    """
    body = await call.json()
    ensure_shape(body)
    body.pop("token", None)
    try:
        task = call.engine.submit(body, user=call.user, dry_run=bool(body.get("dry_run")))
    except NameInUse as error:
        raise Refusal(error, NAME_IN_USE.format(name=body["name"])) from None
    except InvalidTask as error:
        raise Refusal(error, text_for(error, body)) from None
    return {"success": 1, "msg": "任务创建队列成功，请等待调度", "task": task.to_wire()}


def ensure_shape(body: Any) -> None:
    """Refuse what is no task at all, as HAI Platform does.

    Raises:
        BadArguments: not a mapping, or without ``version``, ``name``, ``resource`` or ``spec.entrypoint``.
    """
    if not isinstance(body, dict):
        raise BadArguments([problem(("body",), "value is not a valid dict", "type_error.dict")])
    wrong = [
        problem(("body", key), "field required", "value_error.missing")
        for key in ("version", "name", "resource")
        if body.get(key) is None
    ]
    spec = body.get("spec")
    if isinstance(spec, dict) and spec.get("entrypoint") is None:
        wrong.append(problem(("body", "spec", "entrypoint"), "field required", "value_error.missing"))
    if wrong:
        raise BadArguments(wrong)


def text_for(error: HfaiError, body: Mapping[str, Any]) -> Optional[str]:
    """HAI Platform's text for a refused task; None where it has none."""
    key = error.data.get("key")
    if key == "name" and any(bracket in str(body["name"]) for bracket in "()"):
        return "name 包含不支持的命名字符：['(', ')']"
    if key == "spec.workspace":
        workspace = str(body["spec"].get("workspace"))
        if len(workspace) > 255:
            return "workspace 长度不应超过 255"
        if any(character.isspace() for character in workspace):
            return "workspace 不允许有空格"
    if key == "spec.parameters" and len(str(body["spec"].get("parameters"))) > 1000:
        return "运行命令 [workspace + entrypoint + params] 长度不应超过 2047"
    if key in ("spec", "spec.entrypoint") and not isinstance(body.get("spec"), dict):
        return _TEXTS["spec"]
    return _TEXTS.get(str(key).partition("[")[0])
