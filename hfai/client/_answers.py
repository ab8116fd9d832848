"""From an HTTP answer to its body, or to the error that it stands for (wire document, sections 1 and 3)."""

from __future__ import annotations

import json
from typing import Any

from hfai.client._transport import Answer
from hfai.model.errors import (
    HfaiError,
    NameInUse,
    NotAuthorised,
    RefusedError,
    TaskNotFound,
    UnreachableError,
    UsageError,
    from_wire,
)
from hfai.model.phrase import Phrase

# HAI Platform says these only in words.
_NO_TASK = ("没有符合条件的任务", "no task of user")
_NAME_IN_USE = "的任务正在运行，不能重复创建"
# What HAI Platform says of tokens (wire document, section 1), in our words.
TEMPLATES = {
    "需要指定 token": "the request to {url} has no token: see `hai-cli init`",
    "根据 token 未找到用户": "{url} does not know this token: get one there, then `hai-cli init <token> --url {url}`",
    "该 token 已经过期了，请重新提供凭证": "this token has expired on {url}, or was revoked: get a new one there",
    "您的账号为不活跃状态，无法访问集群服务": "your account on {url} is not active: ask its administrators",
}
# Client and server disagree about what exists, or something between them answered.
_GATEWAY = (502, 503, 504)


def body_of(answer: Answer, *, url: str, subject: str) -> dict[str, Any]:
    """The body of a successful answer.

    Args:
        answer: what the server sent.
        url: the server, for messages; without a token.
        subject: what was asked about, for messages: a task's name or id.

    Raises:
        HfaiError: the server refused, in the class that its answer stands for.
        UnreachableError: this is no answer of such a server.
    """
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if isinstance(body, dict):
        if answer.status == 200 and body.get("success") in (1, 2):
            return body
        raise _refusal(answer.status, body, url=url, subject=subject)
    if answer.status >= 400:
        raise UnreachableError(url=url, reason=Phrase("it answered with HTTP status {status}", status=answer.status))
    raise UnreachableError(url=url, reason="its answer is not that of a HAI Platform")


def _refusal(status: int, body: dict[str, Any], *, url: str, subject: str) -> HfaiError:
    if "code" in body:
        return from_wire(body)
    if "detail" in body:
        if body.get("status_code") in (401, 403):
            return NotAuthorised(message=str(body["detail"]))
        return UsageError("{problem}", problem=_problems(body["detail"]))
    msg = str(body.get("msg") or body)
    if msg.startswith(_NO_TASK):
        return TaskNotFound(experiment=subject)
    if _NAME_IN_USE in msg:
        return NameInUse("{message}", message=msg)
    if status in (401, 403):
        return NotAuthorised(TEMPLATES[msg], url=url) if msg in TEMPLATES else NotAuthorised(message=msg)
    if status in _GATEWAY:
        return UnreachableError(url=url, reason=Phrase("it answered with HTTP status {status}: {message}", status=status, message=msg))
    if status in (404, 405):
        return RefusedError("the server {url} does not offer this ({message})", url=url, message=msg)
    return RefusedError("{message}", message=msg)


def _problems(detail: Any) -> str:
    """FastAPI's list of what is wrong, in one line."""
    if not isinstance(detail, list):
        return str(detail)
    entries = [entry for entry in detail if isinstance(entry, dict)]
    return "; ".join(
        ".".join(map(str, entry.get("loc", ())[1:])) + f": {entry.get('msg', 'cannot be used')}" for entry in entries
    )
