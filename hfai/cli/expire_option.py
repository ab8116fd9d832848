"""``--expire``: when a token stops to work."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Optional

from hfai.cli.language import tr
from hfai.model.errors import UsageError


def add_expire(parser: argparse.ArgumentParser) -> None:
    """Declare it; :func:`expire_at` reads it."""
    parser.add_argument(
        "--expire", metavar="TIME", help=tr("when the token stops to work: 30d (from now), 2026-12-31 or never; default: never")
    )


def expire_at(text: Optional[str]) -> Optional[datetime]:
    """The time that is meant; None for never.

    Raises:
        UsageError: it is none.
    """
    from hfai.cli.log_times import span

    if text is None or text == "never":
        return None
    try:
        ahead = span(text)
        return datetime.fromisoformat(text) if ahead is None else datetime.now() + ahead
    except (ValueError, OverflowError):
        raise UsageError("--expire {text}: give 30d, 12h (from now), a date like 2026-12-31, or never", text=text) from None
