"""Answers as servers may write them, and what is none."""

from __future__ import annotations

import socket

import pytest

from hfai.client._http import BrokenAnswer, read_answer, send_request


def answer(data: bytes):
    """What is read from a server that has written these bytes and closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return read_answer(ours)


@pytest.mark.parametrize(
    ("data", "body", "is_kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 200\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
            b"{0123456789",
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", b"{}", False),
    ],
)
def test_a_whole_answer(data: bytes, body: bytes, is_kept: bool) -> None:
    found = answer(data)
    assert (found.body, found.is_kept) == (body, is_kept)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000,
    ],
)
def test_no_answer(data: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        answer(data)


def test_a_header_cannot_bring_another() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(server.getsockname())
    with server, ours, pytest.raises(ValueError, match="end of a line"):
        send_request(ours, "POST", "/", {"Authorization": "Bearer x\r\nX: y"})
