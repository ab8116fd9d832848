"""Submitting: the answers of HAI Platform, in its words, and our own beside them."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from hfai.testing import EngineSandbox

Body = Callable[..., dict[str, Any]]


def test_a_task_is_queued_and_answered_with_its_object(sandbox: EngineSandbox, body: Body) -> None:
    answer = sandbox.post("operating/task/create", body(name="queued", options={"tags": ["a"]}))
    assert (answer["success"], answer["msg"]) == (1, "任务创建队列成功，请等待调度")
    task = answer["task"]
    assert (task["nb_name"], task["nodes"], task["priority"], task["tags"]) == ("queued", 1, 30, ["a"])
    assert task["id_list"] == [task["id"]]
    assert "shell_environment" not in task["config_json"]["schema"]
    assert sandbox.token not in str(task)


def test_a_dry_run_leaves_nothing(sandbox: EngineSandbox, body: Body) -> None:
    answer = sandbox.post("operating/task/create", body(name="dry", dry_run=True))
    assert answer["success"] == 1
    assert sandbox.post("query/task", nb_name="dry")["msg"] == "没有符合条件的任务"


@pytest.mark.parametrize(
    ("change", "msg"),
    [
        ({"version": 1}, "task config 版本不对，应该是 [2]"),
        ({"task_type": "bogus"}, "无效的task_type"),
        ({"priority": 33}, "无效的 priority"),
        ({"spec": None}, "必须指定 task spec"),
        ({"name": "a(b)"}, "name 包含不支持的命名字符：['(', ')']"),
        ({"spec": {"workspace": "/a b", "entrypoint": "x.py"}}, "workspace 不允许有空格"),
        ({"spec": {"workspace": "/" + "a" * 255, "entrypoint": "x.py"}}, "workspace 长度不应超过 255"),
        ({"resource": {"node_count": 0}}, "节点数必须大于 0"),
        ({"options": {"tags": ["_x"]}}, "任务 tag 不能以下划线开头"),
    ],
)
def test_what_could_never_run_is_refused_in_the_known_words(
    sandbox: EngineSandbox, body: Body, change: dict[str, Any], msg: str
) -> None:
    status, refusal = sandbox.request("operating/task/create", {**body(name="refused"), **change})
    assert (status, refusal["success"], refusal["msg"]) == (200, 0, msg)
    assert refusal["code"] == "invalid_task"
    assert refusal["template"].format(**refusal["data"]) != msg


def test_parameters_that_are_too_long(sandbox: EngineSandbox, body: Body) -> None:
    task = body(name="long")
    task["spec"]["parameters"] = "p" * 2048
    assert sandbox.post("operating/task/create", task)["msg"] == (
        "运行命令 [workspace + entrypoint + params] 长度不应超过 2047"
    )


def test_a_name_in_use(sandbox: EngineSandbox, body: Body) -> None:
    first = sandbox.post("operating/task/create", body("sleep 60", name="taken"))["task"]
    refusal = sandbox.post("operating/task/create", body("sleep 60", name="taken"))
    assert refusal["msg"] == "您名字为 taken 的任务正在运行，不能重复创建，请稍后重试"
    assert (refusal["code"], refusal["data"]["id"]) == ("name_in_use", first["id"])
    sandbox.post("operating/task/stop", id=first["id"])


def test_what_is_no_task_at_all_is_a_422(sandbox: EngineSandbox) -> None:
    status, refusal = sandbox.request("operating/task/create", {})
    assert status == 422
    missing = {"msg": "field required", "type": "value_error.missing"}
    assert refusal["detail"] == [{"loc": ["body", key], **missing} for key in ("version", "name", "resource")]
    assert refusal["code"] == "usage"
    body = {"version": 2, "name": "x", "resource": {}, "spec": {"workspace": "/a"}}
    assert sandbox.request("operating/task/create", body)[1]["detail"] == [
        {"loc": ["body", "spec", "entrypoint"], **missing}
    ]
    status, refusal = sandbox.request("operating/task/create", ["x"])
    assert (status, refusal["detail"][0]["loc"]) == (422, ["body"])
    status, refusal = sandbox.request("operating/task/create")
    assert (status, refusal["detail"][0]["type"]) == (422, "value_error.jsondecode")
