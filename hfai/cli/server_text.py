"""A server as people know it."""

from __future__ import annotations

from typing import Optional

from hfai.cli.language import tr


def server_text(url: Optional[str]) -> str:
    """Its address, or that it is the engine of this machine, which needs none."""
    return url or tr("the engine on this machine")
