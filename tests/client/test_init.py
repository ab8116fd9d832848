"""init: checked first, written then."""

from __future__ import annotations

import pytest

from hfai.client import init, user_info
from hfai.client._config import Settings, load_settings
from hfai.model.errors import NotAuthorised, UnreachableError, UsageError
from hfai.testing import EngineSandbox

USER = {"success": 1, "result": {"user_name": "ada", "user_id": 3}}


def test_our_engine(server, engine, own_home, monkeypatch) -> None:
    """Later calls use it."""
    monkeypatch.delenv("MARSV2_SERVER")
    engine.routes["query/user/info"] = USER
    done = init(" tok ", engine.url + "/")
    assert (done.user.user_name, done.url, done.kind, done.context) == ("ada", engine.url, "hfai", "default")
    assert done.file == str(own_home / "conf.yaml")
    assert load_settings() == Settings("default", engine.url, "tok", "hfai")
    user_info()
    assert engine.asked("query/user/info")[-1].headers["authorization"] == "Bearer tok"


def test_a_hai_platform_gives_an_access_token(haiplatform) -> None:
    """In exchange for a raw one; where it gives none, the raw one is kept."""
    haiplatform.routes["query/user/info"] = USER
    init("raw", haiplatform.url)
    assert load_settings() == Settings("default", haiplatform.url, "raw", "haiplatform")
    answer = {"success": 1, "result": {"access_token": "ACCESS-new"}}
    haiplatform.routes["operating/user/access_token/create"] = answer
    init("raw", haiplatform.url, context="lab")
    assert load_settings() == Settings("lab", haiplatform.url, "ACCESS-new", "haiplatform")
    init("ACCESS-own")
    assert load_settings().token == "ACCESS-own"


def test_a_wrong_token_changes_nothing(engine, own_home) -> None:
    engine.routes["query/user/info"] = (403, NotAuthorised(message="nobody has this token").to_wire())
    with pytest.raises(NotAuthorised, match="nobody"):
        init("wrong", engine.url)
    assert not (own_home / "conf.yaml").exists()


def test_addresses_that_cannot_be(own_home) -> None:
    for url in ("ftp://x", "file:///x"):
        with pytest.raises(UsageError, match="http"):
            init("t", url)
    with pytest.raises(UsageError, match="empty"):
        init(" ", "http://x")
    with pytest.raises(UnreachableError):
        init("t", "http://127.0.0.1:9")
    assert not (own_home / "conf.yaml").exists()


def test_the_engine_of_this_machine(monkeypatch) -> None:
    """Without an address: its own token is right, any other is not."""
    with EngineSandbox() as sandbox:
        for name in ("HFAI_HOME", "HFAI_ENGINE_DIR"):
            monkeypatch.setenv(name, sandbox.env[name])
        with pytest.raises(NotAuthorised, match="not the token of this machine's engine"):
            init("wrong")
        done = init(sandbox.token)
        assert (done.url, done.context, done.kind) == (None, "embedded", "hfai")
        assert user_info() == done.user
        assert "secret" not in sandbox.log and sandbox.token not in sandbox.log
