"""HTTP to any other server, through requests: TLS, proxies, redirects refused."""

from __future__ import annotations

import contextlib
import socket
from typing import Iterator, Mapping, Optional

import requests
from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout, RequestException, SSLError
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.util import Url

from hfai.client._transport._contract import Answer, ByteStream, TransportError
from hfai.model.phrase import Phrase

_CONNECT_S = 10.0


class RequestsTransport:
    """See :class:`~hfai.client._transport.Transport`.

    Args:
        url: the server, without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout_s: float
    ) -> Answer:
        response = self._request(method, target, headers, body, timeout_s, is_stream=False)
        return Answer(response.status_code, response.content, response.headers.get("client-version"))

    def stream(
        self, target: str, headers: Mapping[str, str], timeout_s: float, body: Optional[bytes] = None
    ) -> ByteStream:
        # Compression would hold lines back until a block of it is full.
        headers = {**headers, "Accept-Encoding": "identity"}
        return _RequestsStream(self._request("POST", target, headers, body, timeout_s, is_stream=True))

    def close(self) -> None:
        self._session.close()

    def _request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Optional[bytes],
        timeout_s: float,
        *,
        is_stream: bool,
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._url + target,
                headers=dict(headers),
                data=body,
                timeout=(min(timeout_s, _CONNECT_S), timeout_s),
                stream=is_stream,
                auth=_as_it_is,
                allow_redirects=False,  # a POST would become a GET, and the token would go elsewhere
            )
        except RequestException as error:
            raise _failed(error) from None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password out of ~/.netrc where our token is."""
    return request


class _RequestsStream:
    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self._response = response
        self._blocks: Iterator[bytes] = self._read_blocks()

    def read(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except (RequestException, HTTPError, OSError, ValueError, AttributeError) as error:
            raise _failed(error) from None

    def abort(self) -> None:
        connection = getattr(self._response.raw, "_connection", None)
        sock = getattr(connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._response.close()

    def _read_blocks(self) -> Iterator[bytes]:
        raw = self._response.raw
        if getattr(raw, "chunked", False):
            yield from filter(None, self._response.iter_content(chunk_size=None))
            return
        # Without chunks the answer ends with the connection; asking for more than one byte would wait for all of them.
        read1 = getattr(raw, "read1", None)
        while block := (read1(1 << 16) if read1 is not None else raw.read(1)):
            yield block


def _failed(error: Exception) -> TransportError:
    if isinstance(error, SSLError):
        # What OpenSSL says to a server that answers in plain text; the words depend on its version.
        if any(words in str(error) for words in ("WRONG_VERSION_NUMBER", "record layer failure")):
            return TransportError("it does not speak TLS: is its address http:// instead of https://?", was_sent=False)
        return TransportError("its TLS certificate was not accepted", was_sent=False)
    cause = error.args[0] if error.args else None
    proxy = _address(getattr(getattr(cause, "pool", None), "proxy", None))
    if isinstance(error, ProxyError):
        why = getattr(getattr(cause, "reason", None), "original_error", None)
        if isinstance(why, NewConnectionError):
            phrase = Phrase("the proxy {proxy} does not answer: {problem}", proxy=proxy, problem=_system_text(why))
        else:
            phrase = Phrase("the proxy {proxy} could not reach it", proxy=proxy)
        return TransportError(phrase, was_sent=False)
    if isinstance(error, ConnectTimeout):
        text = Phrase("the proxy {proxy} does not answer in time", proxy=proxy) if proxy else "no connection in time"
        return TransportError(text, was_sent=False)
    if isinstance(error, ReadTimeout) or isinstance(cause, (ReadTimeoutError, socket.timeout)):
        return TransportError("no answer in time", was_sent=True, is_timeout=True)
    inner = getattr(cause, "reason", cause)
    if isinstance(inner, NewConnectionError):
        return TransportError(_system_text(inner), was_sent=False)
    if isinstance(error, requests.exceptions.ConnectionError):
        return TransportError("the connection was closed before the answer came", was_sent=True)
    return TransportError(Phrase("the request could not be sent ({what})", what=type(error).__name__), was_sent=True)


def _system_text(error: NewConnectionError) -> str:
    """The system's own words, at the end of urllib3's: "...: [Errno 111] Connection refused", in brackets for a name that is not known."""
    return str(error).rpartition("] ")[2].rstrip(")")


def _address(proxy: Optional[Url]) -> str:
    """A proxy as it is named in messages: without the password."""
    return "" if proxy is None else str(proxy._replace(auth=None))
