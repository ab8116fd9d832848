"""Several users of one engine: who gets in, whose tasks are whose, and what only administrators do."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from hfai.testing.sandbox_user import SandboxUser, ask

Body = Callable[..., dict[str, Any]]


@pytest.fixture
def ada(sandbox: EngineSandbox) -> Iterator[SandboxUser]:
    """A plain user, removed afterwards."""
    user = sandbox.add_user("ada", groups=["vision"])
    yield user
    for task in user.post("query/task/list", page=1, page_size=100, queue_status=["queued", "scheduled"])["result"][
        "tasks"
    ]:
        user.post("operating/task/stop", id=task["id"])
        user.post("query/task/wait", id=task["id"], state="finished", timeout=60)
    sandbox.post("operating/platform/user/remove", user_name="ada")


@pytest.fixture
def bob(sandbox: EngineSandbox) -> Iterator[SandboxUser]:
    yield sandbox.add_user("bob")
    sandbox.post("operating/platform/user/remove", user_name="bob")


def submit(user: SandboxUser, body: Body, script: str = "sleep 600", **more: Any) -> dict[str, Any]:
    answer = user.post("operating/task/create", body(script, **more))
    assert answer["success"] == 1, answer
    return dict(answer["task"])


def test_a_token_says_who_asks(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    me = ada.post("query/user/info")["result"]
    assert (me["user_name"], me["role"], me["is_admin"]) == ("ada", "internal", False)
    assert me["group_list"] == ["internal", "public", "vision", "ada"]
    assert me["token"] == ada.token
    assert sandbox.post("query/user/info")["result"]["is_admin"] is True


def test_own_tasks_only(sandbox: EngineSandbox, ada: SandboxUser, bob: SandboxUser, body: Body) -> None:
    """Others do not see them, and cannot touch them; an administrator does both."""
    task = submit(ada, body, name="mine")
    assert task["user_name"] == "ada"
    assert bob.post("query/task", id=task["id"])["success"] == 0
    assert bob.post("query/task/list", page=1, page_size=10)["result"]["total"] == 0
    for route, more in (
        ("operating/task/stop", {}),
        ("operating/task/suspend", {}),
        ("operating/task/resume", {}),
        ("operating/task/priority/update", {"priority": 50}),
        ("operating/task/tag", {"tag": "x"}),
        ("query/task/log", {"rank": 0}),
        ("query/task/log/stream", {}),
        ("query/task/wait", {}),
    ):
        status, answer = bob.request(route, id=task["id"], **more)
        assert (status, answer["code"]) == (403, "not_authorised"), route
    assert bob.request("operating/task/stop", nb_name="mine")[1]["code"] == "task_not_found"
    assert sandbox.post("query/task", id=task["id"])["result"]["task"]["user_name"] == "ada"
    assert sandbox.post("operating/task/stop", id=task["id"])["success"] == 1
    assert ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)["result"]["reached"]


def test_the_same_name_is_free_for_another_user(ada: SandboxUser, bob: SandboxUser, body: Body) -> None:
    first, second = submit(ada, body, "true", name="same"), submit(bob, body, "true", name="same")
    for user, task in ((ada, first), (bob, second)):
        assert user.post("query/task", nb_name="same")["result"]["task"]["id"] == task["id"]
        assert user.post("query/task/wait", id=task["id"], state="finished", timeout=60)["result"]["reached"]


def test_everybodys_tasks_are_for_administrators(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    task = submit(ada, body, "true", name="listed")
    ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)
    page = {"page": 1, "page_size": 100}
    for order in ("id", "first_id"):
        everybody = sandbox.post("query/task/list", **page, user_name="*", order_by=order)["result"]
        assert everybody["tasks"][0]["id"] == task["id"] and everybody["total"] == len(everybody["tasks"])
        hers = sandbox.post("query/task/list", **page, user_name="ada", order_by=order)["result"]["tasks"]
        assert {one["user_name"] for one in hers} == {"ada"}
    named = sandbox.post("query/task/list", **page, user_name="*", nb_name_pattern="listed", chain_status=["finished"])
    assert {one["nb_name"] for one in named["result"]["tasks"]} == {"listed"}
    assert ada.request("query/task/list", **page, user_name="*")[0] == 403
    assert ada.request("query/task/list", **page, user_name="ada")[0] == 200


@pytest.mark.parametrize(
    "route",
    [
        "query/platform/user/list",
        "operating/platform/user/add",
        "operating/platform/user/remove",
        "query/platform/quota/list",
        "operating/platform/quota/set",
        "operating/platform/quota/remove",
        "operating/engine/shutdown",
        "operating/node/cordon",
    ],
)
def test_what_only_administrators_do(ada: SandboxUser, route: str) -> None:
    status, answer = ada.request(route, name="cpu-0")
    assert (status, answer["code"]) == (403, "not_authorised")
    assert "ada" in str(answer["data"])


def test_a_second_administrator(sandbox: EngineSandbox) -> None:
    eve = sandbox.add_user("eve", role="admin")
    names = [row["user_name"] for row in eve.post("query/platform/user/list")["result"]]
    assert names[1:] == ["eve"]
    assert eve.post("operating/platform/user/remove", user_name="eve")["success"] == 1
    assert eve.request("query/user/info")[0] == 403


def test_tokens_are_told_once_and_can_be_revoked(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    made = sandbox.post("operating/user/access_token/create", from_user_name="ada", access_user_name="ada")["result"]
    own = ada.post("query/user/access_token/list")["result"]["access_tokens"]
    assert [row["state"] for row in own] == ["active", "active"]
    assert made["access_token"] not in str(own) and ada.token not in str(own)
    assert ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] == 200
    assert ada.post("operating/user/access_token/delete", id=made["id"])["msg"] == "删除成功"
    status, answer = ask(sandbox.url, made["access_token"], "query/user/info", None, {})
    assert (status, answer["msg"]) == (401, "该 token 已经过期了，请重新提供凭证")
    assert "revoked" in answer["template"]
    sandbox.restart()
    assert ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] == 401
    assert ada.request("query/user/info")[0] == 200


def test_a_second_token_of_the_owner(sandbox: EngineSandbox) -> None:
    """As good as the first, for another machine of theirs, until it is revoked."""
    owner = sandbox.post("query/user/info")["result"]["user_name"]
    made = sandbox.post("operating/user/access_token/create", access_user_name=owner)["result"]
    status, answer = ask(sandbox.url, made["access_token"], "query/user/info", None, {})
    assert (status, answer["result"]["user_name"]) == (200, owner)
    assert ask(sandbox.url, made["access_token"], "query/platform/user/list", None, {})[0] == 200
    assert sandbox.post("operating/user/access_token/delete", id=made["id"])["success"] == 1
    assert ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] == 401


def test_a_token_with_an_end(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 3))
    query = {"from_user_name": "ada", "access_user_name": "ada"}
    made = sandbox.post("operating/user/access_token/create", **query, expire_at=soon)["result"]
    assert ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] == 200
    deadline = time.monotonic() + 30
    while ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] != 401:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    past = sandbox.post("operating/user/access_token/create", **query, expire_at="2020-01-01T00:00:00")
    assert past["code"] == "usage"


@contextlib.contextmanager
def following(sandbox: EngineSandbox, token: str, task: dict[str, Any]) -> Iterator[Any]:
    """The log of a task as it comes; it has begun."""
    url = f"{sandbox.url}/query/task/log/stream?follow=1&id={task['id']}"
    request = urllib.request.Request(url, b"", {"Authorization": f"Bearer {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as stream:
        assert json.loads(stream.readline())["t"] == "task"
        yield stream


@pytest.mark.parametrize("how", ["its time is over", "its user is removed"])
def test_a_stream_ends_with_its_token(sandbox: EngineSandbox, body: Body, how: str) -> None:
    """Without the frame that says that this is all: the client asks again, and is refused."""
    eve = sandbox.add_user("eve", role="admin")
    expires = {}
    if how == "its time is over":
        expires["expire_at"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 3))
    made = sandbox.post("operating/user/access_token/create", access_user_name="eve", **expires)["result"]
    task = sandbox.post("operating/task/create", body("sleep 600", name="followed"))["task"]
    with following(sandbox, made["access_token"], task) as stream:
        if not expires:
            assert eve.post("operating/platform/user/remove", user_name="eve")["success"] == 1
        kinds = {json.loads(line)["t"] for line in stream}
    assert "end" not in kinds
    assert ask(sandbox.url, made["access_token"], "query/user/info", None, {})[0] in (401, 403)
    sandbox.post("operating/task/stop", id=task["id"])
    sandbox.post("operating/platform/user/remove", user_name="eve")


def test_a_stream_ends_with_the_task_whose_token_it_was_opened_with(
    sandbox: EngineSandbox, ada: SandboxUser, body: Body, tmp_path: Path
) -> None:
    followed = submit(ada, body, name="followed")
    teller = submit(ada, body, 'echo "$MARSV2_USER_TOKEN" > told.new; mv told.new told; sleep 600', name="teller")
    deadline = time.monotonic() + 30
    while not (tmp_path / "told").exists():
        assert time.monotonic() < deadline, sandbox.log
        time.sleep(0.02)
    with following(sandbox, (tmp_path / "told").read_text().strip(), followed) as stream:
        ada.post("operating/task/stop", id=teller["id"])
        assert "end" not in {json.loads(line)["t"] for line in stream}
    assert ada.post("query/task", id=followed["id"])["result"]["task"]["chain_status"] == "running"


def test_plain_users_and_tokens(sandbox: EngineSandbox, ada: SandboxUser, bob: SandboxUser) -> None:
    """Existing clients exchange their token when they are set up; nobody makes or sees tokens of others."""
    assert ada.post("operating/user/access_token/create")["result"]["access_token"] == ada.token
    for query in ({"from_user_name": "bob"}, {"from_user_name": "ada"}):
        assert ada.request("operating/user/access_token/create", **query)[0] == 403
    assert ada.request("query/user/access_token/list", user_name="*")[0] == 403
    ids = [row["id"] for row in bob.post("query/user/access_token/list")["result"]["access_tokens"]]
    assert ada.request("operating/user/access_token/delete", id=ids[0])[0] == 403
    assert ada.request("operating/user/access_token/delete", access_token=bob.token)[0] == 403
    assert ada.request("operating/user/access_token/delete", id=10**9)[0] == 403
    assert sandbox.post("operating/user/access_token/delete", access_token=sandbox.token)["code"] == "usage"
    assert bob.request("query/user/info")[0] == 200


def test_nothing_of_a_token_is_in_the_store(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    for path in sandbox.state_dir.glob("engine.db*"):
        assert ada.token.encode() not in path.read_bytes()
    assert ada.token not in sandbox.log


def test_users_that_cannot_be(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    owner = sandbox.post("query/user/info")["result"]["user_name"]
    for query, code in (
        ({"user_name": "ada"}, "refused"),
        ({"user_name": owner}, "refused"),
        ({"user_name": "a b"}, "usage"),
        ({"user_name": "@x"}, "usage"),
        ({"user_name": "x", "role": "god"}, "usage"),
        ({"user_name": "x", "group": ["a/b"]}, "usage"),
        ({"user_name": "x", "unix_name": "no-such-account"}, "refused"),
        ({}, "usage"),
    ):
        assert sandbox.post("operating/platform/user/add", **query)["code"] == code, query
    assert sandbox.post("operating/platform/user/remove", user_name="adda")["data"] == {"user": "adda", "near": "ada"}
    answer = sandbox.post("operating/platform/user/remove", user_name=owner)
    assert (answer["code"], answer["data"]) == ("refused", {"user": owner})


def test_what_tab_offers_is_the_owners(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    """The file is in the owner's directory, and the owner does not reach the tasks of others by name."""
    submit(ada, body, "true", name="adas")
    own = sandbox.post("operating/task/create", body("true", name="owners"))["task"]
    deadline = time.monotonic() + 30
    while f"{own['id']}\towners\t" not in (names := (sandbox.state_dir / "names").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "adas" not in names


def test_a_user_with_tasks_stays(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    submit(ada, body, name="running")
    answer = sandbox.post("operating/platform/user/remove", user_name="ada")
    assert (answer["code"], answer["data"]["task"]) == ("refused", "running")
    # By name an administrator does not reach it.
    assert sandbox.post("query/task", id=answer["data"]["id"])["result"]["task"]["nb_name"] == "running"
    assert ada.request("query/user/info")[0] == 200


def test_a_task_asks_with_a_token_of_its_own(
    sandbox: EngineSandbox, ada: SandboxUser, body: Body, tmp_path: Any
) -> None:
    """It stands for the submitter while the task runs, and for nobody afterwards."""
    task = submit(
        ada, body, 'echo "$MARSV2_USER $MARSV2_USER_TOKEN" > told.new; mv told.new told; sleep 600', name="tells"
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "told").exists():
        assert time.monotonic() < deadline, sandbox.log
        time.sleep(0.02)
    name, token = (tmp_path / "told").read_text().split()
    assert name == "ada" and token != ada.token
    assert ask(sandbox.url, token, "query/user/info", None, {})[1]["result"]["user_name"] == "ada"
    assert ask(sandbox.url, token[:-1] + "!", "query/user/info", None, {})[0] == 403
    sandbox.restart()
    assert ask(sandbox.url, token, "query/user/info", None, {})[0] == 200
    ada.post("operating/task/stop", id=task["id"])
    ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)
    assert ask(sandbox.url, token, "query/user/info", None, {})[0] == 403
