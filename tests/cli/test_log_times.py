"""Points in time behind --since and --until."""

from __future__ import annotations

from datetime import datetime

import pytest

from hfai.cli.log_times import point_in_time
from hfai.model.errors import UsageError

NOW = datetime(2026, 3, 1, 12, 0, 30)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10m", "2026-03-01T11:50:30"),
        ("1h30m", "2026-03-01T10:30:30"),
        ("2d", "2026-02-27T12:00:30"),
        ("1w", "2026-02-22T12:00:30"),
        ("09:15", "2026-03-01T09:15:00"),
        ("09:15:07", "2026-03-01T09:15:07"),
        ("2026-01-31", "2026-01-31T00:00:00"),
        ("2026-01-31T14:30", "2026-01-31T14:30:00"),
        ("2026-01-31 14:30:01.500", "2026-01-31T14:30:01.500000"),
    ],
)
def test_what_is_meant(text: str, meant: str) -> None:
    assert point_in_time(text, NOW) == meant


def test_a_zone_is_turned_into_local_time() -> None:
    expected = datetime.fromisoformat("2026-01-31T14:30:00+00:00").astimezone().replace(tzinfo=None).isoformat()
    assert point_in_time("2026-01-31T14:30:00Z", NOW) == expected


@pytest.mark.parametrize("text", ["", "noon", "10", "10 m", "-5m", "25:00", "2026-13-01", "99999999999w"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError):
        point_in_time(text, NOW)
