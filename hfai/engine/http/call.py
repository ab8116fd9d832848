"""One authenticated request, as handlers get it, and the door that all of them stand behind."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Awaitable, Callable, Mapping, Optional, Union

from attrs import define, field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hfai.engine.engine import Engine
from hfai.engine.http.arguments import Arguments, BadArguments, problem
from hfai.engine.http.auth import bearer_token, ensure_admin, ensure_protocol, token_in, user_of
from hfai.engine.http.refusals import answer_to
from hfai.engine.http.serving import Serving
from hfai.engine.queries import User

# A task file is kilobytes; an environment that came with it can be a few hundred.
_LARGEST_BODY = 8 * 1024 * 1024
# What the bodies of one user's requests may come to that are on their way or being worked on.
_MOST_HELD = 1 << 30


@define
class Call:
    """One request whose sender is known, with the token that said so."""

    serving: Serving
    user: User
    token: str
    arguments: Arguments
    request: Request
    _body: Optional[bytes] = field(default=None, alias="body")
    _held: int = 0

    @property
    def engine(self) -> Engine:
        return self.serving.engine

    async def json(self) -> Any:
        """The body as JSON.

        Raises:
            BadArguments: it is none.
        """
        return _parsed(await self.body())

    async def body(self, most: int = _LARGEST_BODY) -> bytes:
        """The body as it is, of at most so many bytes; they count as the user's until :meth:`let_go`."""
        if self._body is None:
            self._body = await _read(self.request, most, self._hold)
        return self._body

    def _hold(self, size: int) -> None:
        held = self.serving.held
        self._held += size
        held[self.user.name] += size
        if held[self.user.name] > _MOST_HELD:
            raise HTTPException(429, "too many of your requests are being worked on: try again when one has been answered")

    def let_go(self) -> None:
        """The request has been answered."""
        self.serving.held[self.user.name] -= self._held
        self._held = 0


Answer = Union[Mapping[str, Any], ASGIApp]
Handler = Callable[[Call], Awaitable[Answer]]


class Door:
    """A handler as an ASGI application: finds out who asks, and turns what the handler raises into its answer.

    Args:
        handler: returns the body of a success, or a response of its own.
        serving: what handlers share.
        any_protocol: whether clients of another protocol version are served too: those routes that they need to get
            rid of this engine.
        for_admins: whether only administrators may come in.
    """

    def __init__(
        self, handler: Handler, serving: Serving, *, any_protocol: bool = False, for_admins: bool = False
    ) -> None:
        self._handler = handler
        self._serving = serving
        self._any_protocol = any_protocol
        self._for_admins = for_admins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await self._serve(scope, receive, send, stack)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, stack: contextlib.AsyncExitStack) -> None:
        try:
            call = await self._admit(Request(scope, receive))
            stack.callback(call.let_go)
            answer = await self._handler(call)
        except ClientDisconnect:
            return
        except Exception as error:
            response = answer_to(error, self._serving.engine.config.state_dir)
            if response is None:
                raise
            answer = response
        if isinstance(answer, Mapping):
            answer = JSONResponse(answer)
        await answer(scope, receive, send)

    async def _admit(self, request: Request) -> Call:
        headers = request.scope["headers"]
        arguments = Arguments(request.scope["query_string"])
        token = bearer_token(headers) or arguments.optional("token")
        body = None
        if token is None:
            body = await _read(request)
            token = _token_in(body) or ""
        user = user_of(self._serving.engine, token)
        if self._for_admins:
            ensure_admin(user)
        if not self._any_protocol:
            ensure_protocol(headers)
        return Call(self._serving, user, token, arguments, request, body)


def _token_in(body: bytes) -> Optional[str]:
    try:
        return token_in(json.loads(body)) if body else None
    except ValueError:
        return None


async def _read(request: Request, most: int = _LARGEST_BODY, hold: Callable[[int], None] = lambda _: None) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        hold(len(chunk))
        if size > most:
            raise HTTPException(413, f"the body is larger than {most} bytes")
    return b"".join(chunks)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        where = {"msg": error.msg, "pos": error.pos, "lineno": error.lineno, "colno": error.colno}
        raise BadArguments([problem(("body", error.pos), str(error), "value_error.jsondecode", where)]) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise BadArguments([problem(("body", 0), str(error), "value_error.jsondecode")]) from None
