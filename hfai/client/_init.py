"""``init``: which server from now on, with which token."""

from __future__ import annotations

from typing import NamedTuple, Optional

from hfai.client import _session
from hfai.client._config import DEFAULT, EMBEDDED, Settings, load_settings, save_settings, with_scheme
from hfai.client._session import Session, probe
from hfai.client._transport import open_transport
from hfai.client._user import UserInfo
from hfai.model.errors import NotAuthorised, RefusedError, UnreachableError, UsageError


class Initialised(NamedTuple):
    """What ``init`` has set up.

    Attributes:
        user: whom the token stands for.
        url: the server; None for the embedded engine.
        kind: ``hfai`` or ``haiplatform``.
        context: the name that it has in the configuration.
        file: the configuration file.
    """

    user: UserInfo
    url: Optional[str]
    kind: str
    context: str
    file: str


def init(token: str, url: Optional[str] = None, context: Optional[str] = None) -> Initialised:
    """Check a token with its server and write both to the configuration, for every later command of this user.

    Args:
        token: the token.
        url: the server, ``https://`` if it names no scheme; left out, the one configured now (``conf.yaml``, then
            ``MARSV2_SERVER``), and without one the embedded engine of this machine.
        context: the name to keep it under; left out, ``default``.

    Returns:
        What was set up.

    Raises:
        UsageError: the address cannot be used.
        NotAuthorised: the server does not know the token; nothing was written.
        UnreachableError: the server does not answer; nothing was written.
        ConfigError: the configuration cannot be read or written.

    Blocks for two or three requests. May be called again. Source: the tutorial, use case 1; wire document, section 8.

    Example:
        >>> init("ACCESS-...", "https://hai.example.org").user.user_name  # doctest: +SKIP
        'ada'
    """
    if not token.strip():
        raise UsageError("the token is empty")
    token = token.strip()
    target = url or load_settings().url
    if target is None:
        settings = Settings(context or DEFAULT, None, token, None)
        user = _user_of_embedded(token)
    else:
        target = with_scheme(target)
        if target.split("://")[0] not in ("http", "https"):
            raise UsageError("the address must begin with http:// or https://, not {found}", found=target)
        transport = open_transport(target)
        try:
            kind = probe(transport, target)
        finally:
            transport.close()
        settings = Settings(context or DEFAULT, target, token, kind)
        session = Session(settings)
        try:
            user = UserInfo.from_wire(session.post("query/user/info")["result"])
            if kind == "haiplatform" and not token.startswith("ACCESS-"):
                settings = settings._replace(token=_access_token(session) or token)
        finally:
            session.close()
    file = save_settings(settings)
    _session.forget()
    shown = EMBEDDED if target is None else settings.context
    return Initialised(user, target, settings.kind or "hfai", shown, str(file))


def _user_of_embedded(token: str) -> UserInfo:
    session = _session.embedded(may_start=True)
    try:
        user = UserInfo.from_wire(session.post("query/user/info")["result"])
        if not session.is_token(token):
            raise NotAuthorised(message="this is not the token of this machine's engine: which server is it for? --url")
        return user
    finally:
        session.close()


def _access_token(session: Session) -> Optional[str]:
    """The access token that stands for a raw one; None where the server gives none (wire document, section 8)."""
    try:
        answer = session.post("operating/user/access_token/create", is_repeatable=True)
        return str(answer["result"]["access_token"])
    except (RefusedError, NotAuthorised, UnreachableError, KeyError, TypeError):
        return None
