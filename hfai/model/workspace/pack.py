"""Many contents in one body: a line of JSON, then as many bytes as it says, for each; perhaps compressed as a whole."""

from __future__ import annotations

import json
import zlib
from typing import Any, Iterator

_SAMPLE = 1 << 16
_WORTH = 0.9
# The most that a small pack may unfold to: a body from elsewhere must not fill the memory.
LARGEST = 64 << 20


def framed(head: dict[str, Any], data: bytes) -> bytes:
    """One content; ``head`` says what it is, and gets its length."""
    return json.dumps({**head, "n": len(data)}).encode() + b"\n" + data


def unframed(body: bytes) -> Iterator[tuple[dict[str, Any], memoryview, int]]:
    """The contents of a body, and where each begins.

    Raises:
        ValueError: this is no such body.
    """
    view, at = memoryview(body), 0
    while at < len(body):
        end = body.find(b"\n", at, at + 65536)
        head = json.loads(body[at:end]) if end >= 0 else None
        size = head.get("n") if isinstance(head, dict) else None
        if not isinstance(head, dict) or not isinstance(size, int) or not 0 <= size <= len(body) - end - 1:
            raise ValueError("this is no pack of contents")
        yield head, view[end + 1 : end + 1 + size], end + 1
        at = end + 1 + size


def squeezed(body: bytes) -> tuple[bytes, bool]:
    """The body, compressed if a sample of it says that this pays."""
    sample = body[:_SAMPLE]
    if len(sample) < 256 or len(zlib.compress(sample, 1)) > _WORTH * len(sample):
        return body, False
    return zlib.compress(body, 1), True


def unsqueezed(body: bytes) -> bytes:
    """What :func:`squeezed` has compressed.

    Raises:
        ValueError: it is none of that, or larger than a pack may be.
    """
    engine = zlib.decompressobj()
    try:
        data = engine.decompress(body, LARGEST)
    except zlib.error as error:
        raise ValueError("this is no compressed pack") from error
    if not engine.eof:
        raise ValueError("this is no whole compressed pack, or it is too large")
    return data
