"""One wait for many descriptors: a descriptor is watched with the function to call when it is ready."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing costs memory in every supervisor
    from typing import Callable, Optional


class Poller:
    """Calls a function for each descriptor that is ready. Single-threaded."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._ready: dict[int, Callable[[], None]] = {}

    def watch(self, fd: int, ready: Callable[[], None], *, to_write: bool = False) -> None:
        """Call ``ready`` whenever ``fd`` can be read (or written) or is at its end; replaces an earlier watch."""
        self._poll.register(fd, select.POLLOUT if to_write else select.POLLIN)
        self._ready[fd] = ready

    def forget(self, fd: int) -> None:
        """Watch ``fd`` no more; before it is closed. May be called twice."""
        if self._ready.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def wait(self, timeout_s: Optional[float]) -> None:
        """Block until something is ready or the time is over (None: no limit), and call what is ready."""
        # Rounded up: a deadline of half a millisecond must not become a busy loop.
        timeout_ms = None if timeout_s is None else max(0, int(timeout_s * 1000 + 0.999))
        for fd, _ in self._poll.poll(timeout_ms):
            ready = self._ready.get(fd)
            if ready is not None:  # an earlier call of this turn may have closed it
                ready()
