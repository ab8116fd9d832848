"""``receive_suspend_command``: asked in every step of a training loop, so it reads one byte of memory and no more."""

from __future__ import annotations

from hfai.client.runtime import _where
from hfai.model.control import ACKNOWLEDGED, SUSPEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from typing import Union

    Page = Union[mmap.mmap, bytearray, "_Unopened", "_Simulated"]

_NONE_WANTED = bytearray(SUSPEND + 1)


class _Unopened:
    """In the page's place until somebody asks."""

    def __getitem__(self, offset: int) -> int:
        global _page
        _page = _open()
        return _page[offset]

    def __setitem__(self, offset: int, value: int) -> None:
        _page[offset] = value


class _Simulated:
    """A page whose flag rises some seconds after the process first asked."""

    def __init__(self, after_s: float) -> None:
        import time

        self._now = time.monotonic
        self._at = self._now() + after_s

    def __getitem__(self, offset: int) -> int:
        return int(self._now() >= self._at)

    def __setitem__(self, offset: int, value: int) -> None:
        """Nobody reads the answer."""


def _open() -> Page:
    place = _where.where()
    if place == _where.SIMULATION:
        import os

        try:
            return _Simulated(float(os.environ["SIMULATE_SUSPEND"]))
        except (KeyError, ValueError):
            return _NONE_WANTED
    if place == _where.TASK:
        from hfai.client.runtime._page import open_page

        try:
            return open_page()
        except (OSError, ValueError):
            pass
    _where.tell("receive_suspend_command()")
    return _NONE_WANTED


_page: Page = _Unopened()


def receive_suspend_command(timeout: int = 500, raise_exception: bool = False) -> bool:
    """Whether the platform wants this task to suspend: save now, then call :func:`go_suspend`.

    Only processes of rank 0 ever see True. Having returned True counts as the task's acknowledgement.

    Args:
        timeout, raise_exception: taken for the sake of existing scripts; nothing here waits or fails.

    Returns:
        False outside a task, which is said once on standard error.

    Never blocks; call it as often as you like. Children, forked or spawned, see the same flag. Source: HAI's
    documentation; wire document, section 9.

    Example:
        >>> if receive_suspend_command():  # doctest: +SKIP
        ...     save()
        ...     go_suspend()
    """
    if _page[SUSPEND]:
        _page[ACKNOWLEDGED] = 1
        return True
    return False
