"""What an engine and a deputy say to each other: JSON and bytes behind it, over one stream per request."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, NamedTuple, Optional

# What one side may say before the other listens.
BUFFER_BYTES = 1 << 20
_HEAD = struct.Struct(">QQ")
_MOST_TOLD = 1 << 20
# A list of a million files.
_MOST_DATA = 512 << 20


class Frame(NamedTuple):
    """One message.

    Attributes:
        told: plain values.
        data: what is long.
    """

    told: dict[str, Any]
    data: bytes = b""


async def send(writer: asyncio.StreamWriter, told: dict[str, Any], data: bytes = b"") -> None:
    """Say something; returns when there is room for more.

    Raises:
        OSError: nobody listens any more.
    """
    text = json.dumps(told).encode()
    writer.write(_HEAD.pack(len(text), len(data)) + text)
    if data:
        writer.write(data)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Optional[Frame]:
    """What the other side says next; None if it says no more.

    Raises:
        ValueError: this is no frame, or one that is too large.
    """
    try:
        told_bytes, data_bytes = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        if told_bytes > _MOST_TOLD or data_bytes > _MOST_DATA:
            raise ValueError("a frame is too large")
        text = await reader.readexactly(told_bytes)
        data = await reader.readexactly(data_bytes) if data_bytes else b""
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("a frame is no mapping")
    return Frame(told, data)
