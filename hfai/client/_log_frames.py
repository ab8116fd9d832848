"""The frames of a log stream (docs/architecture.md, HTTP): a JSON line each, log bytes after it where it has ``n``."""

from __future__ import annotations

import json
from typing import Any, Iterator

from hfai.client._transport import ByteStream, TransportError

_LONGEST_HEADER_BYTES = 64 << 20
_BROKEN = "the stream ended in the middle"


def read_frames(stream: ByteStream) -> Iterator[tuple[dict[str, Any], bytes, int]]:
    """Header, bytes and how many more bytes of the same frame follow: the payload is handed on as it comes, not gathered.

    A refusal is one header, with ``success``.

    Raises:
        TransportError: the connection broke, ended inside a frame, or carries something else.
    """
    data = b""
    while True:
        end = data.find(b"\n")
        while end < 0:
            block = stream.read()
            if not block:
                if data.startswith(b'{"success"'):
                    data += b"\n"  # a refusal has the ordinary form, no line end
                elif data:
                    raise TransportError(_BROKEN, was_sent=True)
                else:
                    return
            data += block
            if len(data) > _LONGEST_HEADER_BYTES:
                raise TransportError("this is no log stream", was_sent=True)
            end = data.find(b"\n")
        try:
            header = json.loads(data[:end])
            missing = int(header.get("n", 0))
        except (ValueError, AttributeError, TypeError):
            raise TransportError("this is no log stream", was_sent=True) from None
        data = data[end + 1 :]
        if not missing:
            yield header, b"", 0
        while missing > 0:
            piece = data or stream.read()
            if not piece:
                raise TransportError(_BROKEN, was_sent=True)
            piece, data = (piece, b"") if len(piece) <= missing else (piece[:missing], piece[missing:])
            missing -= len(piece)
            yield header, piece, missing
