"""``query/task/list``: the caller's tasks by page."""

from __future__ import annotations

from hfai.engine.http.arguments import Arguments
from hfai.engine.http.auth import ensure_admin
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.queries import ListQuery
from hfai.model.errors import UsageError

_LARGEST_PAGE = 100


async def list_tasks(call: Call) -> Answer:
    """One line per chain; a page past the end is empty. Administrators may name a user, or ``*`` for everybody."""
    arguments = call.arguments
    query = _query(arguments)
    select_pods = arguments.flag("select_pods", True)
    shared_task = arguments.optional("shared_task")
    arguments.ensure_valid()
    if query.user_name not in (None, call.user.name):
        ensure_admin(call.user)
    _ensure_allowed(query)
    if shared_task not in (None, "", "exclude", "only"):
        raise Refusal(UsageError("shared_task is exclude or only"), "共享任务筛选仅支持 exclude/only 选项")
    if shared_task == "only":  # nobody can share a task here
        return {"success": 1, "result": {"tasks": [], "total": 0}}
    if query.nb_name_pattern:
        tasks, total = await call.engine.search_tasks(query, user=call.user)
    else:
        tasks, total = call.engine.list_tasks(query, user=call.user)
    rows = [task.to_wire(select_pods=select_pods) for task in tasks]
    return {"success": 1, "result": {"tasks": rows, "total": total}}


def _query(arguments: Arguments) -> ListQuery:
    return ListQuery(
        page=arguments.whole("page"),
        page_size=arguments.whole("page_size"),
        order_by=arguments.text("order_by", "id"),
        task_type=arguments.many("task_type"),
        worker_status=arguments.many("worker_status"),
        queue_status=arguments.many("queue_status"),
        chain_status=arguments.many("chain_status"),
        tag=arguments.many("tag"),
        excluded_tag=arguments.many("excluded_tag"),
        group=arguments.many("group"),
        nb_name_pattern=arguments.optional("nb_name_pattern") or None,
        only_star=arguments.flag("only_star", False),
        user_name=arguments.optional("user_name") or None,
        created_start=arguments.local_time("created_start_time"),
        created_end=arguments.local_time("created_end_time"),
    )


def _ensure_allowed(query: ListQuery) -> None:
    """HAI Platform's own limits, in its order and words (wire document, section 3)."""
    if query.page < 1:
        raise Refusal(UsageError("page {page} must be at least 1", page=query.page), "page 必须大于等于 1")
    if not 1 <= query.page_size <= _LARGEST_PAGE:
        error = UsageError("page_size {size} must be from 1 to {most}", size=query.page_size, most=_LARGEST_PAGE)
        raise Refusal(error, "page_size 需要为 1 ~ 100")
    if query.order_by not in ("id", "first_id"):
        error = UsageError("order_by {order_by} must be id or first_id", order_by=query.order_by)
        raise Refusal(error, "order_by 只能是 id / first_id")
    if (query.created_start is None) != (query.created_end is None):
        error = UsageError("created_start_time and created_end_time must be given together")
        raise Refusal(error, "created_start_time 和 created_end_time 必须同时为空 / 不为空")
