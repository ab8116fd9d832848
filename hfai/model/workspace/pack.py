"""Many contents in one body: ``[[SHA-256, mode, mtime_ns, path, length], ...]`` as a line of JSON, then their bytes; perhaps compressed."""

from __future__ import annotations

import json
import zlib
from typing import Iterator, NamedTuple, Sequence, Union

from hfai.model.workspace.entry import MODE

_SAMPLE = 1 << 16
_WORTH = 0.9
# The most that a small pack may unfold to: a body from elsewhere must not fill the memory.
LARGEST = 64 << 20


class Content(NamedTuple):
    """A content, with mode, time and path of one of the files that have it: it will probably be written so."""

    digest: str
    mode: int
    mtime_ns: int
    data: Union[bytes, memoryview]
    path: str


def packed(contents: Sequence[Content]) -> bytes:
    """Contents as a body."""
    heads = [(one.digest, one.mode, one.mtime_ns, one.path, len(one.data)) for one in contents]
    return b"".join([json.dumps(heads).encode(), b"\n", *[one.data for one in contents]])


def unpacked(body: bytes) -> Iterator[Content]:
    """The contents of a body; whether their bytes fit their hash is not looked at.

    Raises:
        ValueError: this is no such body.
    """
    view, end = memoryview(body), body.find(b"\n")
    try:
        heads = json.loads(body[:end]) if end >= 0 else None
    except RecursionError:
        heads = None
    if not isinstance(heads, list):
        raise ValueError("this is no pack of contents")
    at = end + 1
    for head in heads:
        if not isinstance(head, list) or [*map(type, head)] != [str, int, int, str, int]:
            raise ValueError("this is no pack of contents")
        digest, mode, mtime_ns, path, size = head
        if not (0 <= mode <= MODE and 0 <= mtime_ns < 2**63 and 0 <= size <= len(body) - at):
            raise ValueError("this is no pack of contents")
        yield Content(digest, mode, mtime_ns, view[at : at + size], path)
        at += size


def squeezed(body: bytes) -> tuple[bytes, bool]:
    """The body, compressed if a sample of it says that this pays."""
    middle = max(len(body) - _SAMPLE, 0) // 2
    sample = body[middle : middle + _SAMPLE]
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
