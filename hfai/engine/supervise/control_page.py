"""The supervisor's side of the control page (hfai/model/control.py)."""

from __future__ import annotations

import mmap
import os
import struct

from hfai.model import control

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

_NUMBER = struct.Struct("<q")
NUMBER_MIN, NUMBER_MAX = -(2**63), 2**63 - 1


class ControlPage:
    """The mapped page of one rank, newly made.

    Args:
        directory_fd: the rank's directory.
        whole_life_state: the value that the chain carries into this run.
        uid: whose it is to be; None for this process's.
    """

    def __init__(self, directory_fd: int, whole_life_state: int, uid: Optional[int] = None) -> None:
        page = bytearray(control.SIZE_BYTES)
        page[: len(control.MAGIC)] = control.MAGIC
        _NUMBER.pack_into(page, control.WHOLE_LIFE_STATE, whole_life_state)
        fd = os.open("control", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=directory_fd)
        try:
            # Written, not only made long: a hole in a mapped file on a full disk kills with SIGBUS.
            os.pwrite(fd, page, 0)
            if uid is not None:
                os.fchown(fd, uid, -1)
            self._page = mmap.mmap(fd, control.SIZE_BYTES)
        finally:
            os.close(fd)

    def suspend(self) -> None:
        """Tell the task to suspend; what it answered to an earlier request does not count."""
        if not self._page[control.SUSPEND]:
            self._page[control.ACKNOWLEDGED] = 0
            self._page[control.CAN_SUSPEND] = 0
        self._page[control.SUSPEND] = 1

    def unsuspend(self) -> None:
        """Take the request back."""
        self._page[control.SUSPEND] = 0

    @property
    def is_suspending(self) -> bool:
        return self._page[control.SUSPEND] != 0

    @property
    def is_acknowledged(self) -> bool:
        return self._page[control.ACKNOWLEDGED] != 0

    @property
    def can_suspend(self) -> bool:
        return self._page[control.CAN_SUSPEND] != 0

    def set_can_suspend(self) -> None:
        """The task has said ``go_suspend``."""
        self._page[control.CAN_SUSPEND] = 1

    def set_unfit(self) -> None:
        """The task has found that its node is not fit for it."""
        self._page[control.IS_UNFIT] = 1

    @property
    def watchdog_s(self) -> int:
        """Seconds that the task asked for, 0 if it did not."""
        return max(0, int(_NUMBER.unpack_from(self._page, control.WATCHDOG_S)[0]))

    def set_watchdog(self, seconds: int) -> None:
        """Seconds without output before the task counts as hung; 0: those of the task file."""
        _NUMBER.pack_into(self._page, control.WATCHDOG_S, seconds)

    @property
    def state_is_set(self) -> bool:
        """Whether the task has set the whole-life state in this run."""
        return self._page[control.STATE_IS_SET] != 0

    @property
    def whole_life_state(self) -> int:
        return int(_NUMBER.unpack_from(self._page, control.WHOLE_LIFE_STATE)[0])

    def set_whole_life_state(self, state: int) -> None:
        """The number that the chain carries on; must fit in 64 bits."""
        _NUMBER.pack_into(self._page, control.WHOLE_LIFE_STATE, state)
        self._page[control.STATE_IS_SET] = 1
