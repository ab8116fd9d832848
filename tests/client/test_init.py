"""init: checked first, written then."""

from __future__ import annotations

import pytest

from hfai.client import ServerInfo, contexts, init, server_info, use_context, user_info
from hfai.client._config import Settings, load_settings
from hfai.model.errors import NotAuthorised, RefusedError, UnreachableError, UsageError
from hfai.testing import EngineSandbox

USER = {"success": 1, "result": {"user_name": "ada", "user_id": 3}}


def test_our_engine(server, engine, own_home, monkeypatch) -> None:
    """Later calls use it."""
    monkeypatch.delenv("MARSV2_SERVER")
    engine.routes["query/user/info"] = USER
    done = init(" tok ", engine.url + "/")
    assert (done.user.user_name, done.url, done.kind, done.context) == ("ada", engine.url, "hfai", "default")
    assert done.file == str(own_home / "conf.yaml")
    assert load_settings() == Settings("default", engine.url, "tok", "hfai", "ada")
    user_info()
    assert engine.asked("query/user/info")[-1].headers["authorization"] == "Bearer tok"


def test_a_hai_platform_gives_an_access_token(haiplatform) -> None:
    """In exchange for a raw one; where it gives none, the raw one is kept."""
    haiplatform.routes["query/user/info"] = USER
    done = init("raw", haiplatform.url)
    assert load_settings() == Settings("default", haiplatform.url, "raw", "haiplatform", "ada")
    assert isinstance(done.exchange_error, RefusedError) and "does not offer this" in str(done.exchange_error)
    haiplatform.routes["operating/user/access_token/create"] = {"success": 1, "result": None}
    assert "no access token" in str(init("raw", haiplatform.url).exchange_error)
    answer = {"success": 1, "result": {"access_token": "ACCESS-new"}}
    haiplatform.routes["operating/user/access_token/create"] = answer
    assert init("raw", haiplatform.url, context="lab").exchange_error is None
    assert load_settings() == Settings("lab", haiplatform.url, "ACCESS-new", "haiplatform", "ada")
    init("ACCESS-own")
    assert load_settings() == Settings("lab", haiplatform.url, "ACCESS-own", "haiplatform", "ada")
    assert [one.name for one in contexts()] == ["local", "default", "lab"]
    assert len(haiplatform.asked("operating/user/access_token/create")) == 3


def test_its_version(haiplatform) -> None:
    """In a header of every answer; NotFound where it was not built from a tag."""
    haiplatform.routes["query/user/info"] = USER
    haiplatform.headers["client-version"] = "v2.3"
    assert init("ACCESS-1", haiplatform.url).version == "v2.3"
    assert server_info() == ServerInfo("default", haiplatform.url, "haiplatform", "v2.3", None)
    haiplatform.headers["client-version"] = "NotFound"
    haiplatform.routes["query/user/info"] = (403, {"success": 0, "msg": "根据 token 未找到用户"})
    assert server_info().version is None
    with pytest.raises(NotAuthorised, match="does not know this token"):
        init("ACCESS-2")


def test_without_an_address(engine) -> None:
    """Of the context that is named; one that is not there needs one."""
    engine.routes["query/user/info"] = USER
    init("one", engine.url, context="lab")
    assert init("two", context="lab").context == "lab"
    assert load_settings().token == "two"
    use_context("local")
    assert load_settings() == Settings("local")
    with pytest.raises(UsageError, match="no context new yet"):
        init("three", context="new")


def test_a_wrong_token_changes_nothing(engine, own_home) -> None:
    engine.routes["query/user/info"] = (403, NotAuthorised(message="nobody has this token").to_wire())
    with pytest.raises(NotAuthorised, match="nobody"):
        init("wrong", engine.url)
    assert not (own_home / "conf.yaml").exists()


def test_addresses_that_cannot_be(own_home) -> None:
    for url in ("ftp://x", "file:///x"):
        with pytest.raises(UsageError, match="http"):
            init("t", url)
    for token in (" ", "a b", "a\x00"):
        with pytest.raises(UsageError, match="token"):
            init(token, "http://x")
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
        assert (done.url, done.context, done.kind) == (None, "local", "hfai")
        assert user_info() == done.user
        assert "secret" not in sandbox.log and sandbox.token not in sandbox.log
