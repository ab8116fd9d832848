"""``init``: which server from now on, with which token."""

from __future__ import annotations

from typing import NamedTuple, Optional

from hfai.client import _session
from hfai.client._config import (
    DEFAULT,
    LOCAL,
    Settings,
    all_settings,
    ensure_name,
    load_settings,
    save_settings,
    use,
    with_scheme,
)
from hfai.client._server import shown_version
from hfai.client._session import Session
from hfai.client._user import UserInfo
from hfai.model.errors import HfaiError, NotAuthorised, UnreachableError, UsageError


class Initialised(NamedTuple):
    """What ``init`` has set up.

    Attributes:
        user: whom the token stands for.
        url: the server; None for the engine of this machine.
        kind: ``hfai`` or ``haiplatform``.
        context: the name that it has in the configuration.
        file: the configuration file.
        version: of the server; None where it does not say.
        exchange_error: why a HAI Platform gave no access token for a raw one, which was kept; None if it did, or had not to.
    """

    user: UserInfo
    url: Optional[str]
    kind: str
    context: str
    file: str
    version: Optional[str] = None
    exchange_error: Optional[HfaiError] = None


def init(token: str, url: Optional[str] = None, context: Optional[str] = None) -> Initialised:
    """Check a token with its server and write both to the configuration, for every later command of this user.

    A raw token of a HAI Platform is exchanged for an access token; where that fails the raw one is kept and ``exchange_error`` says why.

    Args:
        token: the token.
        url: the server, ``https://`` if it names no scheme; left out, that of ``context``, without one the server in use now
            (``conf.yaml``, then ``MARSV2_SERVER``), and if there is none the engine of this machine.
        context: the name to keep it under; left out, ``default`` with a ``url``, and the context in use now without one.

    Returns:
        What was set up. It is the current context from now on.

    Raises:
        UsageError: the address or the name cannot be used.
        NotAuthorised: the server does not know the token; nothing was written.
        UnreachableError: the server does not answer; nothing was written.
        ConfigError: the configuration cannot be read or written.

    Blocks for two or three requests. May be called again. Source: the tutorial, use case 1; wire document, section 8.

    Example:
        >>> init("ACCESS-...", "https://hai.example.org").user.user_name  # doctest: +SKIP
        'ada'
    """
    token = token.strip()
    if not token:
        raise UsageError("the token is empty")
    if not token.isprintable() or " " in token:
        raise UsageError("the token holds blanks or signs that no token has")
    settings = _aim(token, url, context)
    if settings.url is None:
        return _init_local(token)
    if settings.url.split("://")[0] not in ("http", "https"):
        raise UsageError("the address must begin with http:// or https://, not {found}", found=settings.url)
    session, problem = Session(settings), None
    try:
        is_haiplatform = session.is_haiplatform
        user = UserInfo.from_wire(session.post("query/user/info")["result"])
        version = shown_version(session.server_version)
        if is_haiplatform and not token.startswith("ACCESS-"):
            try:
                token = _access_token(session)
            except HfaiError as error:
                problem = error
    finally:
        session.close()
    kind = "haiplatform" if is_haiplatform else "hfai"
    file = save_settings(settings._replace(token=token, kind=kind, user=user.user_name))
    _session.forget()
    return Initialised(user, settings.url, kind, settings.context, str(file), version, problem)


def _aim(token: str, url: Optional[str], context: Optional[str]) -> Settings:
    """Where the token is to be used, kind not known yet."""
    known = all_settings()  # a file that cannot be used is found before anybody is asked
    if context is not None:
        ensure_name(context)
    if url is not None:
        if not url.strip():
            raise UsageError("the address is empty")
        return Settings(context or DEFAULT, with_scheme(url.strip()), token)
    now = load_settings()
    if context is not None:
        now = known.get(context, now)
        if now.url is None:
            raise UsageError("no context {name} yet: say its address with --url", name=context)
    return Settings(context or now.context, now.url and with_scheme(now.url), token)


def _init_local(token: str) -> Initialised:
    session = _session.embedded(may_start=True)
    try:
        user = UserInfo.from_wire(session.post("query/user/info")["result"])
        if not session.is_token(token):
            raise NotAuthorised(message="this is not the token of this machine's engine: which server is it for? --url")
        version = shown_version(session.server_version)
    finally:
        session.close()
    file = use(LOCAL)
    _session.forget()
    return Initialised(user, None, "hfai", LOCAL, str(file), version)


def _access_token(session: Session) -> str:
    """The access token that stands for a raw one (wire document, section 8).

    Raises:
        HfaiError: the server gives none.
    """
    answer = session.post("operating/user/access_token/create", is_repeatable=True)
    result = answer.get("result")
    found = result.get("access_token") if isinstance(result, dict) else None
    if not isinstance(found, str) or not found:
        raise UnreachableError(url=session.url, reason="its answer holds no access token")
    return found
