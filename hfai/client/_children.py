"""The engines that this process has started; most commands have started none and load nothing for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hfai.client._detached import DetachedProcess

_children: list[DetachedProcess] = []


def keep(process: DetachedProcess) -> None:
    """Remember a child, so that it can be reaped should it end before us."""
    reap()
    _children.append(process)


def reap() -> None:
    """Take note of children that have ended; as zombies they would look alive."""
    _children[:] = [child for child in _children if child.poll() is None]
