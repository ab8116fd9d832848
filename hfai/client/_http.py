"""One HTTP/1.1 request to an engine on this machine and its whole answer.

http.client does this too, and takes longer to be loaded than the engine takes to answer: it brings a parser of e-mail and TLS.
"""

from __future__ import annotations

import socket

TYPE_CHECKING = False  # typing itself would cost a part of what this module saves
if TYPE_CHECKING:
    from typing import Any, Mapping, Optional, Protocol

    class Connection(Protocol):
        """What of a socket is needed here."""

        def getpeername(self) -> Any: ...

        def sendall(self, data: bytes, /) -> None: ...

        def recv(self, size: int, /) -> bytes: ...

_BLOCK_BYTES = 1 << 20
_LONGEST_HEAD = 1 << 16
# Up to here one packet is cheaper than two calls.
_TOGETHER = 1 << 16
_NO_BODY = (204, 304)


class BrokenAnswer(OSError):
    """The connection ended in the middle of an answer, or this is none."""


class HttpAnswer:
    """What came: the names of headers are in small letters; ``is_kept``: whether the connection can be asked again."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes, is_kept: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.is_kept = is_kept


def connect(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connection; small requests leave at once.

    Raises:
        OSError: there is none.
    """
    # As bytes: for a name in a str the codec for international names would be loaded.
    connection = socket.create_connection((host.encode(), port), timeout_s)  # type: ignore[arg-type]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send_request(
    connection: Connection, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes] = None
) -> None:
    """Ask; the answer is to be read before the next request.

    Raises:
        OSError: the connection broke.
        ValueError: the request cannot be written: something in it holds the end of a line.
    """
    address = connection.getpeername()
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}:{address[1]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body or b'')}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds the end of a line")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if body and len(body) > _TOGETHER:
        connection.sendall(head)
        connection.sendall(body)
    else:
        connection.sendall(head + (body or b""))


def read_answer(connection: Connection) -> HttpAnswer:
    """The whole answer to the last request.

    Raises:
        OSError: the connection broke, or this is no answer (:class:`BrokenAnswer`).
    """
    return _Reading(connection).answer()


class _Reading:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._buffer = b""

    def answer(self) -> HttpAnswer:
        status = 100
        while status < 200:  # "100 Continue" and its like announce the real one
            version, status, headers = self._head()
        is_kept = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        if status in _NO_BODY:
            body = b""
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in headers:
            length = headers["content-length"]
            if not length.isdecimal():
                raise BrokenAnswer
            body = self._bytes(int(length))
        else:
            body, is_kept = self._rest(), False
        return HttpAnswer(status, headers, body, is_kept and not self._buffer)

    def _head(self) -> tuple[str, int, dict[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise BrokenAnswer
            self._more()
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        version, _, rest = first.partition(" ")
        if version not in ("HTTP/1.0", "HTTP/1.1") or not rest[:3].isdecimal():
            raise BrokenAnswer
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return version, int(rest[:3]), headers

    def _chunks(self) -> bytes:
        found: list[bytes] = []
        while True:
            try:
                size = int(self._line().partition(b";")[0], 16)
            except ValueError:
                raise BrokenAnswer from None
            if size == 0:
                while self._line():
                    pass
                return b"".join(found)
            found.append(self._bytes(size))
            if self._line():
                raise BrokenAnswer

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise BrokenAnswer
            self._more()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _bytes(self, size: int) -> bytes:
        found, self._buffer = [self._buffer[:size]], self._buffer[size:]
        left = size - len(found[0])
        while left:
            block = self._connection.recv(min(left, _BLOCK_BYTES))
            if not block:
                raise BrokenAnswer
            found.append(block)
            left -= len(block)
        return b"".join(found)

    def _rest(self) -> bytes:
        found: list[bytes] = [self._buffer]
        self._buffer = b""
        while block := self._connection.recv(_BLOCK_BYTES):
            found.append(block)
        return b"".join(found)

    def _more(self) -> None:
        block = self._connection.recv(_LONGEST_HEAD)
        if not block:
            raise BrokenAnswer
        self._buffer += block
