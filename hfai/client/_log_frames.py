"""The frames of a log stream (docs/architecture.md, HTTP): a JSON line each, log bytes after it where it has ``n``."""

from __future__ import annotations

import json
from typing import Any, Iterator

from hfai.client._transport import ByteStream, TransportError

_LONGEST_HEADER_BYTES = 64 << 20


def read_frames(stream: ByteStream) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Header and payload of each frame, until the connection ends. A refusal is one header, with ``success``.

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
                    raise TransportError("the stream ended in the middle", was_sent=True)
                else:
                    return
            data += block
            if len(data) > _LONGEST_HEADER_BYTES:
                raise TransportError("this is no log stream", was_sent=True)
            end = data.find(b"\n")
        try:
            header = json.loads(data[:end])
            length = int(header.get("n", 0))
        except (ValueError, AttributeError, TypeError):
            raise TransportError("this is no log stream", was_sent=True) from None
        rest = end + 1 + length
        if len(data) >= rest:
            payload, data = data[end + 1 : rest], data[rest:]
        else:
            # Joined once: adding block to block would copy a large payload again and again.
            blocks, missing = [data[end + 1 :]], rest - len(data)
            data = b""
            while missing > 0:
                block = stream.read()
                if not block:
                    raise TransportError("the stream ended in the middle", was_sent=True)
                blocks.append(block[:missing])
                data = block[missing:]
                missing -= len(block)
            payload = b"".join(blocks)
        yield header, payload
