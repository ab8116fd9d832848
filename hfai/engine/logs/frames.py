"""The frames of a log stream (docs/architecture.md, HTTP): a JSON line each, log bytes after it where it has ``n``."""

from __future__ import annotations

import json
from typing import Any

from hfai.engine.logs.cursor import Cursor
from hfai.engine.logs.reader import Extent
from hfai.model.records import Task

MEDIA_TYPE = "application/x-hfai-log"
BEAT = b'{"t":"beat"}\n'


def data_header(rank: int, cursor: Cursor, size: int) -> bytes:
    """What comes before so many log bytes of a rank; ``cursor`` is where they end."""
    return b'{"t":"data","rank":%d,"cursor":"%s","n":%d}\n' % (rank, str(cursor).encode(), size)


def extent_header(rank: int, cursor: Cursor, extent: Extent) -> bytes:
    """Instead of a rank's log bytes, where they are; ``cursor`` is where they end."""
    where = {"path": str(extent.path), "size": extent.size}
    return _line({"t": "data", "rank": rank, "cursor": str(cursor), **where})


def task_frame(task: Task) -> bytes:
    """The task as it is now."""
    return _line({"t": "task", "task": task.to_wire()})


def end_frame(reason: str, task: Task) -> bytes:
    """The last frame; without it a stream has been lost."""
    return _line({"t": "end", "reason": reason, "task": task.to_wire()})


def _line(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
