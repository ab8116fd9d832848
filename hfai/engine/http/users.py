"""``query/user/info`` and ``query/user/quota/list``: who asks, and what that user may have."""

from __future__ import annotations

from typing import Iterator

from hfai.engine.http.call import Answer, Call
from hfai.engine.queries import ListQuery
from hfai.model.priorities import Priority
from hfai.model.records import Task
from hfai.model.states import QueueStatus

_PAGE = 1000


async def info(call: Call) -> Answer:
    """The caller as HAI Platform describes one, with the token that was sent."""
    user = call.user
    result = {
        "user_name": user.name,
        "group_list": list(user.groups),
        "shared_group": user.name,
        "token": call.token,
        "user_shared_group": user.name,
        "user_group": list(user.groups),
        "user_id": user.uid,
        "role": user.role,
        "nick_name": user.name,
        "access_scope": "all",
    }
    return {"success": 1, "result": result}


async def list_quota(call: Call) -> Answer:
    """Nodes per group and priority: what engine.yaml grants, at most those that there are."""
    engine = call.engine
    sizes: dict[str, int] = {}
    for view in engine.nodes():
        sizes[view.node.group] = sizes.get(view.node.group, 0) + 1
    names = [priority.name for priority in Priority if priority is not Priority.AUTO]
    used = dict.fromkeys((f"{group}-{name}" for group in sizes for name in names), 0)
    for task in _unfinished(call):
        key = f"{task.group}-{Priority(task.priority).name}"
        used[key] = used.get(key, 0) + task.nodes
    result = {
        "port_quota": 0,
        "jupyter_quota": {},
        "train_environments": ["default"],
        "node_quota": {
            f"node-{group}-{name}": _quota(call, group, Priority[name], size)
            for group, size in sizes.items()
            for name in names
        },
        "node_quota_limit": {},
        "node_quota_limit_extra": {},
        "used_node_quota": used,
        "spot_jupyter": 0,
        "dedicated_jupyter": 0,
        "background_task": 0,
    }
    return {"success": 1, "result": result}


def _quota(call: Call, group: str, priority: Priority, size: int) -> int:
    limit = call.engine.config.quotas.limit(call.user.name, group, priority)
    return size if limit is None else min(limit, size)


def _unfinished(call: Call) -> Iterator[Task]:
    """The caller's tasks that wait or run."""
    statuses = (QueueStatus.QUEUED.value, QueueStatus.SCHEDULED.value)
    page, total = 1, 1
    while (page - 1) * _PAGE < total:
        query = ListQuery(page=page, page_size=_PAGE, queue_status=statuses)
        tasks, total = call.engine.list_tasks(query, user=call.user)
        yield from tasks
        page += 1
