"""The engine of this machine as ``version`` and ``platform status`` tell of it; nothing is started."""

from __future__ import annotations

from typing import Any, Optional


def engine_state() -> Optional[dict[str, Any]]:
    """Version, url, pid and state directory; None if it does not run."""
    from hfai.client.platform import engine_status

    return engine_status()
