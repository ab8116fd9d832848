"""The task that a request means: ``id`` before ``chain_id`` before ``nb_name`` (wire document, section 1)."""

from __future__ import annotations

from typing import Optional

from hfai.engine.http.arguments import Arguments
from hfai.engine.http.call import Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.queries import Selector
from hfai.model.errors import NotAuthorised, TaskNotFound, UsageError
from hfai.model.records import Task


def selector_of(arguments: Arguments) -> Selector:
    """The selector in the arguments; it may be empty."""
    return Selector(
        id=arguments.optional_whole("id"),
        chain_id=arguments.optional("chain_id"),
        nb_name=arguments.optional("nb_name"),
    )


def is_empty(selector: Selector) -> bool:
    """Whether nothing was named."""
    return selector.id is None and selector.chain_id is None and selector.nb_name is None


def find(call: Call, selector: Optional[Selector] = None) -> Task:
    """The newest state of the task that is named, for routes that act on a task or read its log.

    Args:
        selector: left out, what the arguments name.

    Raises:
        BadArguments: any argument asked for so far is wrong.
        Refusal: 401, there is no such task; 403, it is somebody else's.
    """
    if selector is None:
        selector = selector_of(call.arguments)
    call.arguments.ensure_valid()
    me = call.user.name
    nothing = (
        f"no task of user [{me}] with id [{selector.id}] or chain_id [{selector.chain_id}] "
        f"or nb_name [{selector.nb_name}]!"
    )
    if is_empty(selector):
        raise Refusal(UsageError("name a task by id, chain_id or nb_name"), nothing, 401)
    try:
        return call.engine.find(selector, user=call.user)
    except TaskNotFound as error:
        raise Refusal(error, nothing, 401) from None
    except NotAuthorised as error:
        raise Refusal(error, f"[未授权操作] [{me}] 不能操作其他用户的任务，已经阻断!", 403) from None


def shown(task: Task) -> str:
    """A task as HAI Platform's texts name it: ``[user][name][id]``."""
    return f"[{task.user_name}][{task.nb_name}][{task.id}]"
