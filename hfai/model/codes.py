"""How a run ended and how far a suspension got: the bit masks that an existing server and its clients use.

Source: wire document, section 12.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class StopCode(IntFlag):
    """Why a run stopped, as a bit mask; 0 while it has not."""

    NONE = 0
    STOP = 1
    INTERRUPT = 16
    UNSCHEDULABLE = 32
    FAILED = 128
    INIT_FAILED = 256
    TIMEOUT = 512
    MANUAL_STOP = 1024
    HOOK_RESTART = 2048
    MANUAL_SUCCEEDED = 4096
    MANUAL_FAILED = 8192


class SuspendCode(IntEnum):
    """How far a suspension got; it only grows within a run."""

    NONE = 0
    SENT = 1
    RECEIVED = 2
    CAN_SUSPEND = 3
