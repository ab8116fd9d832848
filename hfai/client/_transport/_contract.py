"""What a transport promises; ``tests/client/test_transport_contract.py`` holds both to it."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Protocol


class TransportError(Exception):
    """No answer came.

    Attributes:
        reason: why, in words and without the request's address, which may hold a token.
        was_sent: whether the server may have seen the request.
        is_timeout: whether it was waited for to the end.
    """

    def __init__(self, reason: str, *, was_sent: bool, is_timeout: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.was_sent = was_sent
        self.is_timeout = is_timeout


class Answer(NamedTuple):
    """A whole HTTP answer, of whatever status.

    Attributes:
        status: its code.
        body: as it came.
        server_version: what the header ``client-version`` says: the server's version (wire document, section 1).
    """

    status: int
    body: bytes
    server_version: Optional[str] = None


class ByteStream(Protocol):
    """An answer that is read as it comes."""

    status: int

    def read(self) -> bytes:
        """The next bytes, as many as are there, at least one; empty at the end.

        Blocks for the stream's timeout at most.

        Raises:
            TransportError: the connection broke, or nothing came in time.
        """
        ...

    def abort(self) -> None:
        """Make a ``read`` that waits in another thread return or raise. May be called twice and after ``close``."""
        ...

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        ...


class Transport(Protocol):
    """Carries requests to one server; not to be used by two threads at once."""

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout_s: float
    ) -> Answer:
        """One request and its whole answer.

        Args:
            method: ``GET`` or ``POST``.
            target: path and query, beginning with ``/``.
            headers: what to send beside the transport's own.
            body: as the headers say; None for no body.
            timeout_s: seconds without a byte after which to give up.

        Raises:
            TransportError: no whole answer came. It is never sent twice.
        """
        ...

    def stream(
        self, target: str, headers: Mapping[str, str], timeout_s: float, body: Optional[bytes] = None
    ) -> ByteStream:
        """POST on a connection of its own; returns when the answer has begun.

        Raises:
            TransportError: it did not begin.
        """
        ...

    def close(self) -> None:
        """Close every connection that is kept; a later ``send`` opens a new one. May be called twice."""
        ...
