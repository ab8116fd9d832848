"""Which transport reaches an address."""

from __future__ import annotations

from typing import Callable, Optional
from urllib.parse import urlsplit

from hfai.client._transport._contract import Transport

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def open_transport(url: str, *, on_silence: Optional[Callable[[], None]] = None) -> Transport:
    """The transport for a server; connects at the first request.

    Args:
        url: ``http://HOST:PORT`` or ``https://HOST``, a path behind it is put in front of every target.
        on_silence: of a server on this machine: called when a request has waited for two seconds without a byte, and waits on.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname in _THIS_MACHINE:
        from hfai.client._transport._loopback import LoopbackTransport

        return LoopbackTransport(parts.hostname, parts.port or 80, parts.path.rstrip("/"), on_silence)
    from hfai.client._transport._requests import RequestsTransport

    return RequestsTransport(url.rstrip("/"))
