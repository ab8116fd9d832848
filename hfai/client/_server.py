"""``server_info``: what answers where requests go now."""

from __future__ import annotations

from typing import NamedTuple, Optional

from hfai.client._config import LOCAL, load_settings
from hfai.client._session import Session, probe
from hfai.client._transport import open_transport
from hfai.model.errors import NotAuthorised


class ServerInfo(NamedTuple):
    """A server.

    Attributes:
        context: the context that names it.
        url: its address.
        kind: ``hfai`` for an engine of ours, ``haiplatform``.
        version: None where it does not say.
        protocol: that of ours which it speaks; None for a HAI Platform.
    """

    context: str
    url: str
    kind: str
    version: Optional[str]
    protocol: Optional[int]


def server_info() -> Optional[ServerInfo]:
    """The server that requests go to now; None if that is the engine of this machine and it does not run. Starts nothing.

    Raises:
        UnreachableError: it does not answer.
        ConfigError: the configuration cannot be used.

    Blocks for one request or two. One of another protocol version is told of as well.

    Example:
        >>> server_info().kind  # doctest: +SKIP
        'hfai'
    """
    settings = load_settings()
    if settings.url is None:
        from hfai.client.platform import engine_status

        engine = engine_status()
        return engine and ServerInfo(LOCAL, engine.url, "hfai", engine.version, engine.protocol)
    transport = open_transport(settings.url)
    try:
        found = probe(transport, settings.url)
    finally:
        transport.close()
    if found.kind == "hfai":
        return ServerInfo(settings.context, settings.url, "hfai", found.version, found.protocol)
    # Its version comes with every answer, refusals of a token too; without one of those it is no HAI Platform.
    session = Session(settings._replace(kind=found.kind))
    try:
        session.post("query/user/info")
    except NotAuthorised:
        pass
    finally:
        session.close()
    return ServerInfo(settings.context, settings.url, found.kind, shown_version(session.server_version), None)


def shown_version(told: Optional[str]) -> Optional[str]:
    """A version as people see it; a HAI Platform that was not built from a tag says ``NotFound``."""
    return None if told in (None, "", "NotFound") else told
