"""The task's side of the control page (hfai/model/control.py)."""

from __future__ import annotations

import mmap
import os

from hfai.model import control


def open_page() -> mmap.mmap:
    """Map the page that ``HFAI_CONTROL`` names; shared with the supervisor and inherited by forked children.

    Raises:
        OSError: there is no such file.
        ValueError: it is no control page.
    """
    fd = os.open(os.environ["HFAI_CONTROL"], os.O_RDWR | os.O_CLOEXEC)
    try:
        page = mmap.mmap(fd, control.SIZE_BYTES)
    finally:
        os.close(fd)
    if page[: len(control.MAGIC)] != control.MAGIC:
        page.close()
        raise ValueError("this is no control page of hfai")
    return page


def read_number(offset: int) -> int:
    """One of the page's signed 64-bit numbers.

    Raises:
        OSError, ValueError: as :func:`open_page`.
    """
    page = open_page()
    try:
        return int.from_bytes(page[offset : offset + 8], "little", signed=True)
    finally:
        page.close()
