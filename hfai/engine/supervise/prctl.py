"""The two process settings of Linux that Python has no call for. Importing loads libc, so a launcher does it once."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
_prctl.restype = ctypes.c_int


def _call(option: int, value: int) -> None:
    if _prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "prctl")


def become_subreaper() -> None:
    """Make orphaned descendants children of this process instead of init's. Not inherited by fork."""
    _call(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signum: int) -> None:
    """Ask for ``signum`` at the death of the parent; survives exec, not fork."""
    _call(_PR_SET_PDEATHSIG, signum)
