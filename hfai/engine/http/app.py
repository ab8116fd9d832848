"""The ASGI application: which path leads to which handler."""

from __future__ import annotations

from typing import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hfai.engine.http import (
    accounts,
    control,
    guests,
    haienvs,
    listing,
    nodes,
    queue,
    quotas,
    storage,
    tokens,
    users,
    workspaces,
)
from hfai.engine.http.auth import is_loopback_host
from hfai.engine.http.call import Door, Handler
from hfai.engine.http.cordon import cordon, uncordon
from hfai.engine.http.create import create
from hfai.engine.http.log_stream import log_stream
from hfai.engine.http.logs import container_log, log, search, sys_log
from hfai.engine.http.priority import update_priority
from hfai.engine.http.profile import profile
from hfai.engine.http.query import query_task
from hfai.engine.http.refusals import on_http_exception
from hfai.engine.http.resume import resume
from hfai.engine.http.serving import Serving
from hfai.engine.http.status import status_answer
from hfai.engine.http.stop import stop
from hfai.engine.http.suspend import suspend
from hfai.engine.http.tags import list_tags, tag, untag
from hfai.engine.http.validate import checks, validate_nodes, validate_task
from hfai.engine.http.wait import wait, wait_any

HANDLERS: Mapping[str, Handler] = {
    "/operating/task/create": create,
    "/operating/task/stop": stop,
    "/operating/task/tag": tag,
    "/operating/task/untag": untag,
    "/operating/task/resume": resume,
    "/operating/task/suspend": suspend,
    "/operating/task/priority/update": update_priority,
    "/operating/task/validate": validate_task,
    "/operating/node/validate": validate_nodes,
    "/operating/node/cordon": cordon,
    "/operating/node/uncordon": uncordon,
    "/operating/task/guest/open": guests.open_guest,
    "/operating/task/guest/send": guests.send,
    "/query/task": query_task,
    "/query/task/list": listing.list_tasks,
    "/query/task/wait": wait,
    "/query/task/wait/any": wait_any,
    "/query/task/checks": checks,
    "/query/task/log": log,
    "/query/task/log/search": search,
    "/query/task/log/stream": log_stream,
    "/query/task/profile": profile,
    "/query/task/sys_log": sys_log,
    "/query/task/container_log": container_log,
    "/query/task/list_all_with_priority": queue.list_all_with_priority,
    "/query/task/queue": queue.queue,
    "/query/user/info": users.info,
    "/query/user/tag/list": list_tags,
    "/query/user/quota/list": quotas.list_quota,
    "/query/user/access_token/list": tokens.list_tokens,
    "/operating/user/access_token/create": tokens.create_token,
    "/operating/user/access_token/delete": tokens.delete_token,
    "/query/node/list": nodes.list_nodes,
    "/query/node/client_overview": nodes.client_overview,
    "/query/node/usage": nodes.usage,
    "/query/storage/overview": storage.overview,
    "/query/engine/info": control.info,
    "/operating/haienv/install": haienvs.install,
    "/operating/haienv/pack": haienvs.pack,
    "/operating/haienv/remove": haienvs.remove,
    "/operating/haienv/unpack": haienvs.unpack,
    "/query/haienv": haienvs.describe,
    "/query/haienv/check": haienvs.check,
    "/query/haienv/list": haienvs.list_environments,
    "/operating/workspace/create": workspaces.create,
    "/operating/workspace/remove": workspaces.remove,
    "/operating/workspace/push/begin": workspaces.begin,
    "/operating/workspace/push/pack": workspaces.pack,
    "/operating/workspace/push/part": workspaces.part,
    "/operating/workspace/push/copy": workspaces.copy,
    "/operating/workspace/push/commit": workspaces.commit,
    "/query/workspace": workspaces.head,
    "/query/workspace/list": workspaces.list_workspaces,
    "/query/workspace/tree": workspaces.tree,
    "/query/workspace/content": workspaces.content,
}
# Only administrators get an answer here.
FOR_ADMINS: Mapping[str, Handler] = {
    "/query/platform/user/list": accounts.list_users,
    "/operating/platform/user/add": accounts.add_user,
    "/operating/platform/user/remove": accounts.remove_user,
    "/query/platform/quota/list": quotas.list_rows,
    "/operating/platform/quota/set": quotas.set_row,
    "/operating/platform/quota/remove": quotas.remove_row,
    "/operating/engine/shutdown": control.shutdown,
}
# A client of another protocol version needs these to find out what runs here and to end it.
_ANY_PROTOCOL = frozenset({"/query/engine/info", "/operating/engine/shutdown"})


def build_app(serving: Serving) -> ASGIApp:
    """The application for one engine; business routes are POST only, as HAI Platform's are."""

    async def status(request: Request) -> Response:
        return status_answer(serving.engine, request)

    def door(path: str, handler: Handler, *, for_admins: bool = False) -> Route:
        inside = Door(handler, serving, any_protocol=path in _ANY_PROTOCOL, for_admins=for_admins)
        return Route(path, inside, methods=["POST"])

    routes = [door(path, handler) for path, handler in HANDLERS.items()]
    routes += [door(path, handler, for_admins=True) for path, handler in FOR_ADMINS.items()]
    routes.append(Route("/api_server_status", status, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: on_http_exception})
    app.router.redirect_slashes = False
    return app if serving.engine.config.listen else LoopbackOnly(app)


class LoopbackOnly:
    """Refuses requests that were addressed to another name than this machine's loopback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_loopback_host(scope["headers"]):
            refusal = JSONResponse({"success": 0, "msg": "this engine answers to 127.0.0.1 and localhost only"}, 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
