"""One suite for both transports."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from hfai.client._transport import TransportError, open_transport
from hfai.client._transport._loopback import LoopbackTransport
from hfai.client._transport._requests import RequestsTransport


@pytest.fixture(params=["loopback", "requests"])
def transport(request, server):
    transport = {
        "loopback": lambda: LoopbackTransport("127.0.0.1", server.port),
        "requests": lambda: RequestsTransport(server.url),
    }[request.param]()
    yield transport
    transport.close()


def send(transport, route, body=None, timeout_s=5.0):
    return transport.send("POST", f"/{route}", {"Authorization": "Bearer t"}, body, timeout_s)


def test_a_request_arrives_and_its_answer_comes_back(server, transport) -> None:
    """Whatever the status; header, query and body as they were given."""
    server.routes["r"] = (418, {"a": "é"})
    answer = transport.send("POST", "/r?x=%20y&x=2", {"Authorization": "Bearer t"}, b'{"b": 1}', 5.0)
    assert (answer.status, answer.body) == (418, b'{"a": "\\u00e9"}')
    assert server.requests[0].many == {"x": [" y", "2"]}
    assert server.requests[0].body == {"b": 1}
    assert server.requests[0].headers["authorization"] == "Bearer t"


def test_one_connection_is_kept(server, transport) -> None:
    """Also after a refusal."""
    server.routes["r"] = (403, {})
    for _ in range(5):
        send(transport, "r")
    assert server.connections == 1


def test_netrc_and_proxies_do_not_get_in_between(server, transport, tmp_path, monkeypatch) -> None:
    """The token is ours, whatever ~/.netrc has for this host."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.routes["r"] = {}
    send(transport, "r")
    assert server.requests[0].headers["authorization"] == "Bearer t"


def test_a_redirect_is_not_followed(server, transport) -> None:
    """The token would go where it leads."""
    server.routes["r"] = (302, {})
    assert send(transport, "r").status == 302
    assert len(server.requests) == 1


def test_nobody_there(transport, server) -> None:
    """Known not to have been sent."""
    server.close()
    with pytest.raises(TransportError) as caught:
        send(transport, "r")
    assert caught.value.was_sent is False
    assert "refused" in caught.value.reason
    with pytest.raises(TransportError) as caught:
        transport.stream("/r", {}, 5.0)
    assert caught.value.was_sent is False


def test_a_name_that_nobody_knows() -> None:
    """The system's words, without what urllib3 puts around them."""
    with contextlib.closing(RequestsTransport("http://no-such-host.invalid")) as transport, pytest.raises(TransportError) as caught:
        send(transport, "r")
    assert caught.value.was_sent is False
    assert caught.value.reason and not set("[]()") & set(caught.value.reason)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"])
def test_a_connection_that_breaks_off(server, transport, drop, sent) -> None:
    """It may have been seen; the next request works."""
    server.routes["r"] = [drop(sent), {}]
    with pytest.raises(TransportError) as caught:
        send(transport, "r")
    assert caught.value.was_sent is True
    assert caught.value.is_timeout is False
    assert send(transport, "r").status == 200


def test_no_answer_in_time(transport, server) -> None:
    release = threading.Event()
    server.routes["r"] = lambda request: release.wait(10) and {}
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        send(transport, "r", timeout_s=0.2)
    release.set()
    assert time.monotonic() - began < 5
    assert caught.value.is_timeout is True
    assert "t" == "t" and "Bearer" not in str(caught.value)


def test_a_server_that_closed_meanwhile(server, transport) -> None:
    """An idle connection that the server gave up is no error."""
    server.routes["r"] = {}
    send(transport, "r")
    for connection in list(server._open):
        connection.shutdown(socket.SHUT_RDWR)
    assert send(transport, "r").status == 200
    assert server.connections == 2


def test_a_stream_comes_as_it_is_written(server, transport, chunks) -> None:
    """The first bytes are there before the last are sent."""
    go_on = threading.Event()
    server.routes["s"] = chunks([b"one", lambda: go_on.wait(10), b"two"])
    stream = transport.stream("/s", {}, 5.0)
    assert (stream.status, stream.read()) == (200, b"one")
    go_on.set()
    assert stream.read() == b"two"
    assert stream.read() == b""
    stream.close()
    stream.close()


def test_a_stream_that_breaks_off(server, transport, chunks) -> None:
    """An error, never an end."""
    server.routes["s"] = chunks([b"one"], has_end=False)
    stream = transport.stream("/s", {}, 5.0)
    assert stream.read() == b"one"
    with pytest.raises(TransportError):
        stream.read()
    stream.close()


def test_a_stream_that_falls_silent(server, transport, chunks) -> None:
    go_on = threading.Event()
    server.routes["s"] = chunks([b"one", lambda: go_on.wait(10)])
    stream = transport.stream("/s", {}, 0.2)
    assert stream.read() == b"one"
    with pytest.raises(TransportError):
        stream.read()
    go_on.set()
    stream.close()


def test_abort_from_another_thread(server, transport, chunks) -> None:
    """A read that waits comes back at once."""
    go_on = threading.Event()
    server.routes["s"] = chunks([b"one", lambda: go_on.wait(20)])
    stream = transport.stream("/s", {}, 20.0)
    stream.read()
    timer = threading.Timer(0.1, stream.abort)
    timer.start()
    began = time.monotonic()
    with contextlib.suppress(TransportError):
        assert stream.read() == b""
    assert time.monotonic() - began < 5
    go_on.set()
    timer.join()
    stream.close()


def test_which_transport_for_which_address() -> None:
    for url in ("http://127.0.0.1:80", "http://localhost:1", "http://[::1]:2"):
        assert isinstance(open_transport(url), LoopbackTransport)
    for url in ("https://127.0.0.1", "http://example.org", "https://example.org/hai"):
        transport = open_transport(url)
        assert isinstance(transport, RequestsTransport)
        transport.close()
