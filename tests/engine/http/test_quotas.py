"""Quotas that are set while the engine runs."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from hfai.testing.sandbox_user import SandboxUser

Body = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EngineSandbox]:
    rows = [{"user": "ada", "priority": "HIGH", "nodes": 1}]
    with EngineSandbox({"nodes": 4, "stop_grace_s": 0.5, "gang_grace_s": 0.5, "quotas": rows}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def ada(sandbox: EngineSandbox) -> SandboxUser:
    return sandbox.add_user("ada", groups=["vision"])


@pytest.fixture(autouse=True)
def own_rows(sandbox: EngineSandbox) -> Iterator[None]:
    yield
    for row in sandbox.post("query/platform/quota/list")["result"]:
        if row["source"] == "store":
            sandbox.post("operating/platform/quota/remove", **{key: row[key] for key in ("user", "group", "priority")})


def limit(user: SandboxUser, priority: int) -> Any:
    rows = user.post("query/user/quota/list")["result"]["rows"]
    return next(row["quota"] for row in rows if row["priority"] == priority)


def test_the_store_counts_over_the_file(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    """For the same user, group and priority; removing it lets the file's row count again."""
    assert (limit(ada, 30), limit(ada, 10)) == (1, None)
    row = {"user": "ada", "priority": "HIGH"}
    assert sandbox.post("operating/platform/quota/set", **row, nodes=3)["success"] == 1
    assert limit(ada, 30) == 3
    sandbox.restart()
    assert limit(ada, 30) == 3
    assert sandbox.post("operating/platform/quota/remove", **row)["success"] == 1
    assert limit(ada, 30) == 1
    assert sandbox.post("operating/platform/quota/remove", **row)["code"] == "refused"
    assert sandbox.post("operating/platform/quota/remove", user="ada", priority=10)["code"] == "not_found"


def test_a_team_has_rows_too(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    """For each member without a row of their own; they count before those for everybody."""
    sandbox.post("operating/platform/quota/set", nodes=4)
    assert limit(ada, 10) == 4
    sandbox.post("operating/platform/quota/set", user="@vision", nodes=2)
    assert (limit(ada, 10), limit(ada, 30)) == (2, 1)
    assert sandbox.post("operating/platform/quota/set", user="@audio", nodes=2)["code"] == "not_found"


def test_rows_that_cannot_be(sandbox: EngineSandbox, ada: SandboxUser) -> None:
    for query, code in (
        ({"user": "nobody-there", "nodes": 1}, "not_found"),
        ({"group": "no-such", "nodes": 1}, "usage"),
        ({"priority": "URGENT", "nodes": 1}, "usage"),
        ({"priority": "AUTO", "nodes": 1}, "usage"),
        ({"nodes": -1}, "usage"),
        ({}, "usage"),
    ):
        assert sandbox.post("operating/platform/quota/set", **query)["code"] == code, query


def test_a_quota_counts_for_what_waits_already(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    """A larger one starts what waited for it; a smaller one refuses what is submitted, and leaves what runs."""
    tasks = [ada.post("operating/task/create", body("sleep 600", name=f"wide{n}"))["task"] for n in range(2)]
    reached = ada.post("query/task/wait", id=tasks[0]["id"], state="running", timeout=60)["result"]["reached"]
    assert reached
    assert ada.post("query/task", id=tasks[1]["id"])["result"]["task"]["pending"]["code"] == "quota"
    used = next(row for row in ada.post("query/user/quota/list")["result"]["rows"] if row["priority"] == 30)
    assert (used["quota"], used["running"], used["waiting"], used["group_nodes"]) == (1, 1, 1, 4)
    sandbox.post("operating/platform/quota/set", user="ada", priority=30, nodes=2)
    assert ada.post("query/task/wait", id=tasks[1]["id"], state="running", timeout=60)["result"]["reached"]
    sandbox.post("operating/platform/quota/set", user="ada", priority=30, nodes=0)
    refused = ada.post("operating/task/create", body("true", name="more"))
    assert (refused["code"], refused["data"]["quota"]) == ("quota_exceeded", 0)
    for task in tasks:
        assert ada.post("query/task", id=task["id"])["result"]["task"]["chain_status"] == "running"
        ada.post("operating/task/stop", id=task["id"])
        ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)


def test_auto_takes_the_highest_priority_with_room(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    """And waits where none has, until a quota is larger."""
    sandbox.post("operating/platform/quota/set", user="ada", nodes=0)
    sandbox.post("operating/platform/quota/set", user="ada", priority="HIGH", nodes=1)
    sandbox.post("operating/platform/quota/set", user="ada", priority="NORMAL", nodes=1)
    names = ("auto1", "auto2", "auto3")
    tasks = [ada.post("operating/task/create", body("sleep 600", name=n, priority=-1))["task"] for n in names]
    for task in tasks[:2]:
        assert ada.post("query/task/wait", id=task["id"], state="running", timeout=60)["result"]["reached"]
    rows = {row["priority"]: row for row in ada.post("query/user/quota/list")["result"]["rows"]}
    assert (rows[30]["running"], rows[10]["running"], rows[-1]["waiting"]) == (1, 1, 1)
    sandbox.post("operating/platform/quota/set", user="ada", priority="HIGH", nodes=2)
    assert ada.post("query/task/wait", id=tasks[2]["id"], state="running", timeout=60)["result"]["reached"]
    for task in tasks:
        ada.post("operating/task/stop", id=task["id"])
        ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)


def test_a_priority_that_is_forbidden_does_not_forbid_auto(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    """AUTO, which is what a task has that says nothing, is at NORMAL then."""
    sandbox.post("operating/platform/quota/set", user="ada", priority="HIGH", nodes=0)
    task = ada.post("operating/task/create", body("sleep 600", name="auto", priority=-1))["task"]
    assert ada.post("query/task/wait", id=task["id"], state="running", timeout=60)["result"]["reached"]
    rows = {row["priority"]: row for row in ada.post("query/user/quota/list")["result"]["rows"]}
    assert rows[10]["running"] == 1
    ada.post("operating/task/stop", id=task["id"])
    ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)


def test_quotas_of_others(sandbox: EngineSandbox, ada: SandboxUser, body: Body) -> None:
    """Administrators may ask for a user or everybody; plain users for themselves."""

    def rows(user: Any, name: str) -> list[dict[str, Any]]:
        return list(user.post("query/user/quota/list", user_name=name)["result"]["rows"])

    assert rows(ada, "ada") == ada.post("query/user/quota/list")["result"]["rows"]
    for name in ("*", "root", "nobody"):
        assert ada.request("query/user/quota/list", user_name=name)[0] == 403
    assert sandbox.post("query/user/quota/list", user_name="ad")["code"] == "not_found"
    assert {row["user_name"] for row in rows(sandbox, "ada")} == {"ada"} and len(rows(sandbox, "ada")) == 8
    task = ada.post("operating/task/create", body("sleep 600", name="others", priority=10))["task"]
    assert ada.post("query/task/wait", id=task["id"], state="running", timeout=60)["result"]["reached"]
    told = {(row["user_name"], row["priority"]): (row["quota"], row["running"]) for row in rows(sandbox, "*")}
    assert told == {("ada", 30): (1, 0), ("ada", 10): (None, 1)}
    ada.post("operating/task/stop", id=task["id"])
    assert ada.post("query/task/wait", id=task["id"], state="finished", timeout=60)["result"]["reached"]
