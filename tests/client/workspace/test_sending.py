"""How large the pieces are that a large file goes in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hfai.client._workspace import sending
from hfai.client._workspace.sending import Sender, Wanted
from hfai.model.workspace.scan import read_file

MIB = 1 << 20


class SlowWay:
    """A connection that takes so many bytes a second, on a clock of its own."""

    is_embedded = False

    def __init__(self, rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.rate = 0.0, rate
        self.pieces: list[int] = []
        monkeypatch.setattr(sending.time, "monotonic", lambda: self.now_s)

    def send(self, _route: str, body: bytes, *, at: int, **_query: Any) -> dict[str, int]:
        self.pieces.append(len(body))
        self.now_s += len(body) / self.rate
        return {"at": at + len(body)}

    def each(self, work: Any, jobs: Any) -> None:
        for job in jobs:
            work(job)


@pytest.mark.parametrize(
    ("rate", "pieces"),
    [
        (100 * MIB, [MIB, 8 * MIB, 8 * MIB, 3 * MIB]),
        (2 * MIB, [MIB, *[2 * MIB] * 9, MIB]),
        (MIB // 100, [MIB, *[MIB // 4] * 76]),
    ],
)
def test_a_piece_is_what_a_second_sends(
    tmp_path: Path, rate: int, pieces: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 8 MiB, at least 256 KiB; and a bar moves with each of them."""
    (tmp_path / "large").write_bytes(os.urandom(20 * MIB))
    known = read_file(str(tmp_path / "large"))
    assert known is not None
    way = SlowWay(rate, monkeypatch)
    shown: list[tuple[int, int]] = []
    wanted = [Wanted(known.content, "large", known)]
    sender = Sender(
        tmp_path,
        way,  # type: ignore[arg-type]
        wanted,
        is_zipped=True,
        parts={},
        progress=lambda done, total: shown.append((done, total)),
    )
    sender.send()
    assert way.pieces == pieces
    assert not sender.changed
    assert len(shown) == len(pieces) + 1
    assert shown[-1] == (20 * MIB, 20 * MIB)
