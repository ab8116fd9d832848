"""Word from the kernel that a rank has written: inotify through ctypes, because the standard library has none.

All followers share one instance (the kernel allows few per user); each directory is watched once and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
from pathlib import Path
from typing import Callable, Optional

_IN_MODIFY = 0x2
_IN_MOVED_TO = 0x80
_IN_CREATE = 0x100
_IN_ONLYDIR = 0x1000000
_IN_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")
_OVERFLOW = -1
# A task that writes without a pause would wake the daemon at each of its writes: after one word, the next waits so long.
_PAUSE_S = 0.004

Wake = Callable[[], None]


class DirectoryWatcher:
    """Calls back when something in a directory is created, renamed or written; belongs to one event loop.

    It holds a file descriptor only while something is watched.
    """

    def __init__(self) -> None:
        self._fd: Optional[int] = None
        self._watched: dict[int, list[Wake]] = {}
        self._pause: Optional[asyncio.TimerHandle] = None

    def watch(self, directory: Path, wake: Wake) -> Optional[Callable[[], None]]:
        """Call ``wake`` on every change in ``directory``, from now on until the returned function is called.

        Returns None where that is not possible: no such directory, no inotify, its limits reached. The caller polls.
        """
        if self._fd is None:
            self._fd = _init()
            if self._fd is None:
                return None
            self._listen()
        mask = _IN_MODIFY | _IN_CREATE | _IN_MOVED_TO | _IN_ONLYDIR
        number = int(_libc().inotify_add_watch(self._fd, os.fsencode(directory), mask))
        if number < 0:
            self._close_if_idle()
            return None
        self._watched.setdefault(number, []).append(wake)

        def forget() -> None:
            wakes = self._watched.get(number, [])
            if wake in wakes:
                wakes.remove(wake)
                if not wakes:
                    del self._watched[number]
                    _libc().inotify_rm_watch(self._fd, number)
                    self._close_if_idle()

        return forget

    @property
    def is_idle(self) -> bool:
        """Whether nothing is watched and no descriptor held."""
        return self._fd is None

    def _close_if_idle(self) -> None:
        if self._fd is not None and not self._watched:
            if self._pause is not None:
                self._pause.cancel()
                self._pause = None
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None

    def _listen(self) -> None:
        assert self._fd is not None
        self._pause = None
        asyncio.get_running_loop().add_reader(self._fd, self._on_events)

    def _on_events(self) -> None:
        assert self._fd is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        self._pause = loop.call_later(_PAUSE_S, self._listen)
        with contextlib.suppress(BlockingIOError):
            events = os.read(self._fd, 65536)
            numbers = set()
            at = 0
            while at < len(events):
                number, _, _, name_bytes = _EVENT.unpack_from(events, at)
                numbers.add(number)
                at += _EVENT.size + name_bytes
            # Too many events for the kernel's queue: nobody knows whose were lost.
            for number in list(self._watched) if _OVERFLOW in numbers else numbers:
                for wake in self._watched.get(number, ()):
                    wake()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _init() -> Optional[int]:
    try:
        fd = int(_libc().inotify_init1(_IN_NONBLOCK_CLOEXEC))
    except (AttributeError, OSError):
        return None
    return fd if fd >= 0 else None
