"""A first push sends what it reads while it still reads, once, and goes on after a cut."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from hfai.client import push_workspace
from hfai.client._workspace.connection import Connection
from hfai.model.errors import StorageFull
from tests.client.workspace.test_push_pull import tree_of

# Several packs of them.
FILES, FILE_BYTES = 30, 400_000


class Wire:
    """What went over the wire: for each request with contents, whether it came early, and how much."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[bool, int]] = []
        self.cut_after = FILES
        self._begun = itertools.count()
        self._send = Connection.send
        monkeypatch.setattr(Connection, "send", lambda *arguments, **options: self.send(*arguments, **options))

    def send(self, connection: Connection, route: str, body: Any, **query: Any) -> Any:
        if query.get("early") and next(self._begun) >= self.cut_after:
            raise StorageFull(path="there")
        answer = self._send(connection, route, body, **query)
        self.sent.append((bool(query.get("early")), len(body)))
        return answer

    @property
    def sent_bytes(self) -> int:
        return sum(size for _, size in self.sent)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


@pytest.fixture
def tree_bytes(here: Path) -> int:
    """What the contents of the tree come to; two files are the same, and one is empty."""
    (here / "sub").mkdir()
    for number in range(FILES):
        (here / f"sub/{number}").write_bytes(os.urandom(FILE_BYTES))
    (here / "again").write_bytes((here / "sub/7").read_bytes())
    (here / "nothing").touch()
    return FILES * FILE_BYTES


def test_each_content_is_sent_early_and_once(here: Path, tree_bytes: int, wire: Wire) -> None:
    pushed = push_workspace(here)
    assert tree_of(Path(pushed.path)) == tree_of(here)
    assert [is_early for is_early, _ in wire.sent] == [True, True, True]
    assert tree_bytes <= wire.sent_bytes < tree_bytes + 10_000
    assert pushed.sent_bytes == tree_bytes
    assert not any((Path(pushed.path).parents[2] / "staging").iterdir())
    assert push_workspace(here).changed == ()


def test_only_a_first_push_does_so(here: Path, tree_bytes: int, wire: Wire) -> None:
    push_workspace(here)
    wire.sent.clear()
    (here / "more").write_bytes(b"more")
    assert push_workspace(here).changed == ("more",)
    assert [is_early for is_early, _ in wire.sent] == [False]


def test_where_it_is_refused_the_rest_goes_as_usual(here: Path, tree_bytes: int, wire: Wire) -> None:
    """The engine takes nothing so early where the disk is nearly full."""
    wire.cut_after = 1
    pushed = push_workspace(here)
    assert tree_of(Path(pushed.path)) == tree_of(here)
    assert [is_early for is_early, _ in wire.sent] == [True, False, False]
    assert wire.sent_bytes < tree_bytes + 10_000


def test_after_a_cut_only_the_rest_is_sent(
    here: Path, tree_bytes: int, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        ask = Connection.ask
        patch.setattr(
            Connection,
            "ask",
            lambda self, route, *body: _interrupt() if route.endswith("begin") else ask(self, route, *body),
        )
        wire.cut_after = 2
        with pytest.raises(KeyboardInterrupt):
            push_workspace(here)
    assert [is_early for is_early, _ in wire.sent] == [True, True]
    pushed = push_workspace(here)
    assert tree_of(Path(pushed.path)) == tree_of(here)
    assert [is_early for is_early, _ in wire.sent] == [True, True, False]
    assert wire.sent_bytes < tree_bytes + 10_000


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt
