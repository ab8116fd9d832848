"""The same against a server elsewhere: the engine copies nothing by itself, contents are compressed, pieces go on after a cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hfai.client import init_workspace, pull_workspace, push_workspace
from hfai.client._workspace import sending
from hfai.client._workspace.connection import Connection
from hfai.model.errors import HfaiError, UnreachableError, WaitTimeout
from hfai.testing import EngineSandbox


@pytest.fixture(autouse=True)
def as_a_server(use_sandbox: None, sandbox: EngineSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = sandbox.add_user(f"far_{os.urandom(4).hex()}")
    monkeypatch.setenv("MARSV2_SERVER", sandbox.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", user.token)


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PIECE", 1 << 20)
    here, other = tmp_path / "here", tmp_path / "other"
    for root in (here, other):
        root.mkdir()
        init_workspace("far", root)
    (here / "random").write_bytes(os.urandom(3 << 20))
    (here / "zeros").write_bytes(bytes(9 << 20))
    for number in range(30):
        (here / f"text{number}").write_text(f"text {number}\n" * 1000)
    push_workspace(here)
    pull_workspace(other)
    for path in here.iterdir():
        assert path.name == ".hfai" or (other / path.name).read_bytes() == path.read_bytes()
    assert push_workspace(other).changed == ()
    again = push_workspace(here, diff=False)
    assert (len(again.changed), again.sent_bytes, again.version) == (32, sum(one.stat().st_size for one in here.glob("*[!i]")), 2)
    assert pull_workspace(other).changed == () and push_workspace(here).changed == ()


def test_a_large_file_goes_on_where_it_was_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PIECE", 1 << 20)
    init_workspace("cut", tmp_path)
    (tmp_path / "random").write_bytes(os.urandom(5 << 20))
    send, sent = Connection.send, [0]

    def cut(self: Connection, route: str, body: object, **query: object) -> object:
        sent[0] += 1
        if sent[0] == 4:
            raise UnreachableError(url="x", reason="cut")
        return send(self, route, body, **query)

    monkeypatch.setattr(Connection, "send", cut)
    with pytest.raises(HfaiError, match="cut"):
        push_workspace(tmp_path)
    pushed = push_workspace(tmp_path)
    assert sent[0] == 4 + 2
    assert (Path(pushed.path) / "random").read_bytes() == (tmp_path / "random").read_bytes()


def test_no_time(tmp_path: Path) -> None:
    init_workspace("slow", tmp_path)
    (tmp_path / "a").write_text("x")
    with pytest.raises(WaitTimeout, match="what has arrived is kept"):
        push_workspace(tmp_path, sync_timeout_s=1e-6)
