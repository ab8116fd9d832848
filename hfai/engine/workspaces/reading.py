"""The contents of files of a workspace, as frames to be sent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Generator, Iterator, Optional, Sequence

from hfai.model.workspace.safe_tree import SafeTree

_BLOCK = 1 << 20


def blocks(trees: Sequence[Path], paths: Sequence[str], at: int) -> Generator[bytes, None, None]:
    """Frames ``{"path", "n"}`` + bytes + ``{"end", "is_whole"}``, gathered to blocks worth sending; at last ``{"done"}``.

    Args:
        trees: the directories to look for a path in, in this order.
        paths: checked already; one that is no file (any more) has ``n`` null and no bytes.
        at: the byte to begin at.
    """
    opened = [SafeTree(str(one)) for one in trees if one.is_dir()]
    waiting = bytearray()
    try:
        for path in paths:
            for piece in _pieces(opened, path, at):
                waiting += piece
                if len(waiting) >= _BLOCK:
                    yield bytes(waiting)
                    waiting.clear()
        waiting += b'{"done":true}\n'
        yield bytes(waiting)
    finally:
        for one in opened:
            one.__exit__(None, None, None)


def _pieces(trees: Sequence[SafeTree], path: str, at: int) -> Iterator[bytes]:
    fd = _open(trees, path)
    if fd is None:
        yield json.dumps({"path": path, "n": None}).encode() + b"\n"
        return
    try:
        before = os.fstat(fd)
        left = max(before.st_size - at, 0)
        os.lseek(fd, at, os.SEEK_SET)
        yield (
            json.dumps(
                {"path": path, "n": left, "mode": before.st_mode & 0o777, "mtime_ns": before.st_mtime_ns}
            ).encode()
            + b"\n"
        )
        is_short = False
        while left:
            block = os.read(fd, min(left, _BLOCK))
            if not block:  # it has become shorter: the length is kept to, and the end says that it is not right
                is_short = True
                block = bytes(min(left, _BLOCK))
            left -= len(block)
            yield block
        after = os.fstat(fd)
        is_whole = not is_short and (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        yield json.dumps({"end": path, "is_whole": is_whole}).encode() + b"\n"
    finally:
        os.close(fd)


def _open(trees: Sequence[SafeTree], path: str) -> Optional[int]:
    for tree in trees:
        status = tree.stat(path)
        if status is None:
            continue
        if (status.st_mode & 0o170000) != 0o100000:
            return None
        try:
            return tree.open(path)
        except OSError:
            return None
    return None
