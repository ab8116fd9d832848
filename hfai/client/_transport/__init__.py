"""The one door to the network: two transports, one contract.

``LoopbackTransport`` (http.client, one connection that is kept) reaches engines on this machine; ``RequestsTransport``
(requests) reaches everything else, with TLS and proxies. Which one answers is nobody's business above this package.
"""

from __future__ import annotations

from hfai.client._transport._contract import Answer, ByteStream, Transport, TransportError
from hfai.client._transport._open import open_transport

__all__ = ["Answer", "ByteStream", "Transport", "TransportError", "open_transport"]
