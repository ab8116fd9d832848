"""The queue as everybody may see it, how busy the nodes are, and the disks."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from hfai.testing.sandbox_user import SandboxUser

Body = Callable[..., dict[str, Any]]
SHOWN = {
    "id", "nb_name", "user_name", "group", "nodes", "priority", "queue_status", "chain_status", "assigned_nodes", "created_at",
    "queued_at", "begin_at", "pending",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EngineSandbox]:
    rows = [{"user": "ada", "priority": "HIGH", "nodes": 1}]
    with EngineSandbox({"nodes": 2, "stop_grace_s": 0.5, "quotas": rows}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def ada(sandbox: EngineSandbox) -> SandboxUser:
    return sandbox.add_user("ada")


@pytest.fixture(scope="module")
def bob(sandbox: EngineSandbox) -> SandboxUser:
    return sandbox.add_user("bob")


@pytest.fixture(autouse=True)
def no_tasks_left(sandbox: EngineSandbox) -> Iterator[None]:
    yield
    for row in sandbox.post("query/task/queue")["result"]["tasks"]:
        sandbox.post("operating/task/stop", id=row["id"])
    for row in sandbox.post("query/task/queue")["result"]["tasks"]:
        assert sandbox.post("query/task/wait", id=row["id"], state="finished", timeout=60)["result"]["reached"]


def running(user: Any, task: dict[str, Any]) -> None:
    assert user.post("query/task/wait", id=task["id"], state="running", timeout=60)["result"]["reached"]


def test_the_whole_queue_without_what_is_executed(ada: SandboxUser, bob: SandboxUser, body: Body) -> None:
    """Names, users, priorities, nodes and reasons; no parameters, environment, workspace or chain id of anybody."""
    secret = body("sleep 600", name="runs", priority=10)
    secret["spec"].update(parameters="--key TOPSECRET", environments={"KEY": "TOPSECRET"})
    running(ada, ada.post("operating/task/create", secret)["task"])
    ada.post("operating/task/create", {**body("sleep 600", name="waits", priority=10, nodes=2)})
    for user in (ada, bob):
        answer = user.post("query/task/queue")
        assert "TOPSECRET" not in json.dumps(answer) and secret["spec"]["workspace"] not in json.dumps(answer)
        runs, waits = answer["result"]["tasks"]
        assert set(runs) == SHOWN
        assert (runs["nb_name"], runs["user_name"], runs["queue_status"], runs["pending"]) == ("runs", "ada", "scheduled", None)
        assert len(runs["assigned_nodes"]) == 1 and runs["begin_at"]
        assert (waits["nb_name"], waits["nodes"], waits["chain_status"], waits["begin_at"]) == ("waits", 2, "waiting_init", None)
        assert waits["pending"]["position"] == 1 and "held by runs" in waits["pending"]["text"]
        assert answer["result"]["counts"] == [
            {"priority": 10, "queue_status": "queued", "count": 1},
            {"priority": 10, "queue_status": "scheduled", "count": 1},
        ]


def test_whose_quota_it_is(ada: SandboxUser, bob: SandboxUser, body: Body) -> None:
    """Nobody is told of "your quota" that is another's."""
    running(ada, ada.post("operating/task/create", body("sleep 600", name="one"))["task"])
    ada.post("operating/task/create", body("sleep 600", name="two"))
    own = ada.post("query/task/queue")["result"]["tasks"][1]["pending"]
    seen = bob.post("query/task/queue")["result"]["tasks"][1]["pending"]
    assert own["text"].startswith("your quota of nodes at HIGH") and seen["text"].startswith("its user's quota of nodes at HIGH")
    assert own["code"] == seen["code"] == "quota"


def test_limits(ada: SandboxUser, body: Body) -> None:
    """The next ones of a long line; all are counted."""
    for number in range(4):
        ada.post("operating/task/create", body("sleep 600", name=f"t{number}", nodes=2, priority=10))
    running(ada, ada.post("query/task/queue")["result"]["tasks"][0])
    result = ada.post("query/task/queue", limit=2)["result"]
    places = [(row["nb_name"], row["pending"] and row["pending"]["position"]) for row in result["tasks"]]
    assert places == [("t0", None), ("t1", 1), ("t2", 2)]
    assert sum(row["count"] for row in result["counts"]) == 4
    assert ada.post("query/task/queue", limit=0)["result"]["tasks"] == []
    for limit in (-1, 1001, "x"):
        assert ada.request("query/task/queue", limit=limit)[0] == 422


def test_usage(ada: SandboxUser, body: Body) -> None:
    """The rank that works is found by its supervisor."""
    task = ada.post("operating/task/create", body("while :; do :; done", name="burns", priority=10))["task"]
    running(ada, task)
    result = ada.post("query/node/usage")["result"]
    (host,), (row,) = result["machines"], result["nodes"]
    assert (row["run_id"], row["rank"], row["processes"] >= 1, row["memory_bytes"] > 0) == (task["id"], 0, True, True)
    assert 0 <= host["cpu_percent"] <= 100 and host["gpus"] == []


def test_storage(sandbox: EngineSandbox, ada: SandboxUser, bob: SandboxUser, body: Body) -> None:
    """The workspace of one's own tasks is among the places; nobody else's."""
    task = ada.post("operating/task/create", body("sleep 600", name="stays", priority=10))["task"]
    running(ada, task)
    result = ada.post("query/storage/overview")["result"]
    places = {(one["what"], one["path"]) for disk in result["disks"] for one in disk["holds"]}
    assert {("state", str(sandbox.state_dir)), ("workspace", task["workspace"])} <= places
    assert result["database_bytes"] > 0 and result["is_whole"] is True and result["files"] > 3
    assert task["workspace"] not in json.dumps(bob.post("query/storage/overview"))
