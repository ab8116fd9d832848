"""Who asks: the token of a request, and whether a web page could be behind it."""

from __future__ import annotations

from typing import Any, Iterable, Optional

from hfai import PROTOCOL, __version__
from hfai.engine.engine import Engine
from hfai.engine.http.refusals import Refusal
from hfai.engine.queries import User
from hfai.model.errors import NotAuthorised, ProtocolMismatch

_LOOPBACK = frozenset({b"127.0.0.1", b"localhost", b"[::1]", b"::1"})

Headers = Iterable[tuple[bytes, bytes]]


def bearer_token(headers: Headers) -> Optional[str]:
    """The token of an ``Authorization: Bearer`` header."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1")
    return None


def user_of(engine: Engine, token: str) -> User:
    """The user that a token stands for; an empty one is none.

    Raises:
        Refusal: 403, there is no token or nobody has it; 401, it was revoked or has expired (wire document, section 1).
    """
    if not token:
        raise Refusal(NotAuthorised(message="the request has no token: see `hai-cli init`"), "需要指定 token", 403)
    try:
        user = engine.admission.user_of(token)
    except NotAuthorised as error:
        raise Refusal(error, "该 token 已经过期了，请重新提供凭证", 401) from None
    if user is None:
        unknown = NotAuthorised(message="the token is not one of this engine: see `hai-cli init`")
        raise Refusal(unknown, "根据 token 未找到用户", 403)
    return user


def ensure_admin(user: User) -> None:
    """Refuse who does not administer this platform.

    Raises:
        Refusal: 403.
    """
    if not user.is_admin:
        error = NotAuthorised("{user} does not administer this platform: ask somebody who does", user=user.name)
        raise Refusal(error, "您所在的权限组不允许使用该接口", 403)


def ensure_protocol(headers: Headers) -> None:
    """Refuse a client that says it speaks another version of the protocol; existing clients say nothing.

    Raises:
        ProtocolMismatch: naming both versions.
    """
    version = "of another version"
    spoken: Optional[bytes] = None
    for name, value in headers:
        if name == b"hfai-protocol":
            spoken = value
        elif name == b"user-agent" and value.startswith(b"hfai/"):
            version = value[5:].split(b" ")[0].decode("latin-1")
    if spoken is not None and spoken.strip() != str(PROTOCOL).encode():
        raise ProtocolMismatch(engine_version=__version__, client_version=version)


def is_loopback_host(headers: Headers) -> bool:
    """Whether the request was addressed to this machine by its loopback name.

    A browser can be made to send requests here under a name of the attacker's (DNS rebinding); the name is then in
    the Host header.
    """
    for name, value in headers:
        if name == b"host":
            return _host_of(value) in _LOOPBACK
    return True


def _host_of(value: bytes) -> bytes:
    host = value.strip().lower()
    if host.startswith(b"["):
        return host.split(b"]")[0] + b"]"
    return host.rpartition(b":")[0] if b":" in host else host


def token_in(body: Any) -> Optional[str]:
    """The token in a JSON body, where HAI Platform takes it too."""
    token = body.get("token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else None
