"""Asking for tasks, stopping, tagging, resuming and waiting, as existing clients and ours do it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from hfai.testing import EngineSandbox

Submit = Callable[..., dict[str, Any]]
Finished = Callable[[dict[str, Any]], dict[str, Any]]
UNKNOWN = "no task of user [{me}] with id [{id}] or chain_id [{chain_id}] or nb_name [{nb_name}]!"


@pytest.fixture(scope="module")
def me(sandbox: EngineSandbox) -> str:
    return str(sandbox.post("query/user/info")["result"]["user_name"])


def test_a_task_is_found_by_id_chain_and_name(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    task = finished(submit(name="found", nodes=2))
    for selector in ({"id": task["id"]}, {"chain_id": task["chain_id"]}, {"nb_name": "found"}):
        answer = sandbox.post("query/task", **selector)
        assert answer["success"] == 1
        assert answer["result"]["task"] == task
    other = finished(submit(name="another"))
    for selector in ({"id": task["id"], "chain_id": other["chain_id"]}, {"id": other["id"], "nb_name": "found"}):
        assert sandbox.post("query/task", **selector)["msg"] == "没有符合条件的任务"
    assert [pod["status"] for pod in task["_pods_"]] == ["succeeded", "succeeded"]
    assert [pod["exit_code"] for pod in task["_pods_"]] == ["0", "0"]
    assert (task["chain_status"], task["stop_code"]) == ("finished", 1)


def test_what_query_task_says_of_unknown_tasks(sandbox: EngineSandbox) -> None:
    assert sandbox.request("query/task")[1]["msg"] == "必须指定 id, chain_id 或者 nb_name"
    for selector in ({"nb_name": "none"}, {"id": 999999}, {"chain_id": "x"}):
        status, refusal = sandbox.request("query/task", **selector)
        assert (status, refusal["msg"], refusal["code"]) == (200, "没有符合条件的任务", "task_not_found")
    status, refusal = sandbox.request("query/task", id="abc")
    assert status == 422
    assert refusal["detail"] == [
        {"loc": ["query", "id"], "msg": "value is not a valid integer", "type": "type_error.integer"}
    ]
    assert sandbox.request("query/task", id=10**30)[0] == 422


@pytest.mark.parametrize("route", ["operating/task/stop", "query/task/log", "query/task/wait", "query/task/log/stream"])
def test_what_other_routes_say_of_unknown_tasks(sandbox: EngineSandbox, me: str, route: str) -> None:
    status, refusal = sandbox.request(route, nb_name="none")
    assert status == 401
    assert refusal["msg"] == UNKNOWN.format(me=me, id=None, chain_id=None, nb_name="none")
    assert refusal["code"] == "task_not_found"
    status, refusal = sandbox.request(route)
    assert (status, refusal["msg"]) == (401, UNKNOWN.format(me=me, id=None, chain_id=None, nb_name=None))


def test_stopping(sandbox: EngineSandbox, submit: Submit, finished: Finished, me: str) -> None:
    task = submit("sleep 60", name="stopped")
    sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)
    answer = sandbox.post("operating/task/stop", id=task["id"])
    named = f"[{me}][stopped][{task['id']}]"
    expected = f"{named} 已对 id {task['id']} 执行 [stop] 命令，原来状态，返回信息 None"
    assert (answer["success"], answer["msg"], answer["outcome"]) == (1, expected, "stopping")
    assert finished(task)["stop_code"] == 1025
    answer = sandbox.post("operating/task/stop", id=task["id"], op="fail")
    assert (answer["success"], answer["msg"]) == (1, f"{named} 已经停止，不再[fail]")


def test_stopping_what_waits(sandbox: EngineSandbox, submit: Submit, finished: Finished, me: str) -> None:
    wide = submit("sleep 60", name="wide", nodes=4)
    waiting = submit(name="waiting", nodes=4)
    answer = sandbox.post("operating/task/stop", nb_name="waiting")
    assert answer["msg"] == f"[{me}][waiting][{waiting['id']}] 并没有在运行"
    ended = finished(waiting)
    assert (ended["worker_status"], ended["stop_code"]) == ("canceled", 0)
    sandbox.post("operating/task/stop", id=wide["id"], op="succeed")
    assert finished(wide)["stop_code"] == 4097


def test_another_op_is_a_422(sandbox: EngineSandbox) -> None:
    status, refusal = sandbox.request("operating/task/stop", id=1, op="bogus")
    assert status == 422
    assert refusal["detail"] == [
        {
            "loc": ["query", "op"],
            "msg": "value is not a valid enumeration member; permitted: 'stop', 'suspend', 'succeed', 'fail'",
            "type": "type_error.enum",
            "ctx": {"enum_values": ["stop", "suspend", "succeed", "fail"]},
        }
    ]


def test_tags(sandbox: EngineSandbox, submit: Submit, me: str) -> None:
    task = submit(name="tagged")
    named = f"[[{me}][tagged][{task['id']}]]"
    answer = sandbox.post("operating/task/tag", nb_name="tagged", tag="star")
    assert (answer["success"], answer["msg"]) == (1, f"训练任务{named} 设置 tag star 标记成功")
    assert sandbox.post("query/task", nb_name="tagged")["result"]["task"]["star"] is True
    assert "star" in sandbox.post("query/user/tag/list")["result"]
    answer = sandbox.post("operating/task/untag", nb_name="tagged", tag="star")
    assert answer["msg"] == f"训练任务{named} 取消 tag star 标记成功"
    refusal = sandbox.post("operating/task/tag", nb_name="tagged", tag="_x")
    assert refusal["msg"] == "以下划线开头的 tag 是系统保留 tag, 请使用其他命名"
    assert sandbox.request("operating/task/tag", nb_name="tagged")[0] == 422


def test_resuming(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    task = finished(submit("exit 3", name="again"))
    answer = sandbox.post("operating/task/resume", nb_name="again")
    assert (answer["success"], answer["msg"]) == (1, "直接插入队列成功，请等待调度")
    resumed = answer["task"]
    assert resumed["chain_id"] == task["chain_id"]
    assert resumed["id_list"] == [task["id"], resumed["id"]]
    ended = finished(resumed)
    assert ended["restart_count"] == 1
    assert sandbox.post("query/task", id=task["id"])["result"]["task"]["id"] == resumed["id"]


def test_lists(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    tasks = [finished(submit(name=f"listed-{number}", options={"tags": ["listed"]})) for number in range(3)]
    answer = sandbox.post("query/task/list", page=1, page_size=2, tag="listed", select_pods="False")
    result = answer["result"]
    assert result["total"] == 3
    assert [task["id"] for task in result["tasks"]] == [tasks[2]["id"], tasks[1]["id"]]
    assert result["tasks"][0]["_pods_"] == []
    beyond = sandbox.post("query/task/list", page=9, page_size=2, tag="listed")["result"]
    assert beyond == {"tasks": [], "total": 3}
    page = {"page": 1, "page_size": 10, "tag": "listed"}
    for found, filters in [
        (3, {"chain_status": ["finished", "running"]}),
        (0, {"chain_status": "running"}),
        (1, {"nb_name_pattern": "listed-1"}),
        (0, {"excluded_tag": "listed"}),
        (0, {"shared_task": "only"}),
        (3, {"created_start_time": "2020-01-01", "created_end_time": "2100-01-01"}),
        (0, {"only_star": "true"}),
    ]:
        assert sandbox.post("query/task/list", **page, **filters)["result"]["total"] == found, filters


@pytest.mark.parametrize(
    ("change", "msg"),
    [
        ({"page": 0}, "page 必须大于等于 1"),
        ({"page_size": 101}, "page_size 需要为 1 ~ 100"),
        ({"page_size": 0}, "page_size 需要为 1 ~ 100"),
        ({"order_by": "xx"}, "order_by 只能是 id / first_id"),
        ({"created_start_time": "2020-01-01"}, "created_start_time 和 created_end_time 必须同时为空 / 不为空"),
        ({"shared_task": "all"}, "共享任务筛选仅支持 exclude/only 选项"),
    ],
)
def test_lists_that_are_refused(sandbox: EngineSandbox, change: dict[str, Any], msg: str) -> None:
    status, refusal = sandbox.request("query/task/list", **{"page": 1, "page_size": 10, **change})
    assert (status, refusal["success"], refusal["msg"], refusal["code"]) == (200, 0, msg, "usage")


def test_a_list_needs_its_page(sandbox: EngineSandbox) -> None:
    status, refusal = sandbox.request("query/task/list")
    missing = {"msg": "field required", "type": "value_error.missing"}
    assert status == 422
    assert refusal["detail"] == [{"loc": ["query", name], **missing} for name in ("page", "page_size")]


def test_waiting_answers_when_something_changes(sandbox: EngineSandbox, submit: Submit) -> None:
    task = submit("sleep 60", name="waited")
    running = sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]
    assert running["reached"]
    seen, answers = running["seen"], []
    while True:
        settled = sandbox.post("query/task/wait", id=task["id"], seen=seen, timeout=1)["result"]
        if not settled["reached"]:
            break
        seen = settled["seen"]

    def wait() -> None:
        answers.append((sandbox.post("query/task/wait", id=task["id"], seen=seen, timeout=30), time.monotonic()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    assert not answers
    stopped_at = time.monotonic()
    sandbox.post("operating/task/stop", id=task["id"])
    waiting.join(30)
    answer, answered_at = answers[0]
    assert answer["result"]["reached"]
    assert answered_at - stopped_at < 10


def test_waiting_ends_with_its_time_and_with_the_task(
    sandbox: EngineSandbox, submit: Submit, finished: Finished
) -> None:
    task = finished(submit(name="over"))
    over = sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]
    assert (over["reached"], over["task"]["chain_status"]) == (False, "finished")
    at_once = sandbox.post("query/task/wait", id=task["id"])["result"]
    assert at_once["seen"] == over["seen"]
    for arguments in ({"timeout": 61}, {"timeout": "nan"}, {"timeout": -1}, {"state": "asleep"}):
        assert sandbox.request("query/task/wait", id=task["id"], **arguments)[0] == 422


def test_the_cluster(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    """Nodes, totals, the queue by priority, the quota, and the engine itself."""
    task = submit("sleep 60", name="busy", nodes=2)
    sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)
    nodes = sandbox.post("query/node/list")["cluster_df"]
    busy = [node for node in nodes if node["working_task_id"] == task["id"]]
    assert [node["working_task_rank"] for node in busy] == [0, 1]
    assert {node["status"] for node in nodes} == {"Ready"}
    overview = sandbox.post("query/node/client_overview")["result"]
    assert (overview["total"], overview["working"], overview["free"]) == (4, 2, 2)
    assert overview["usage_rate"] == 0.5
    counts = sandbox.post("query/task/list_all_with_priority")["result"]
    assert {"priority": 30, "queue_status": "scheduled", "count": 1} in counts
    quota = sandbox.post("query/user/quota/list")["result"]
    assert quota["node_quota"]["node-default-HIGH"] == 4
    assert quota["used_node_quota"]["default-HIGH"] == 2
    info = sandbox.post("query/engine/info")["result"]
    assert (info["pid"], info["url"], info["nodes"]) == (sandbox.pid, sandbox.url, 4)
    assert info["state_dir"] == str(sandbox.state_dir)
    sandbox.post("operating/task/stop", id=task["id"])
    finished(task)


def test_whoever_hangs_up_is_waited_for_no_longer(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    """Half a request, and a wait that nobody is there for: the engine has nothing to complain about."""
    task = submit("sleep 60", name="hung-up")
    address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {sandbox.token}\r\n"
    for request in (
        f"POST /operating/task/create {head}Content-Length: 100\r\n\r\n{{",
        f"POST /query/task/wait?id={task['id']}&state=finished {head}\r\n",
    ):
        for _ in range(5):
            with socket.create_connection(address, timeout=20) as connection:
                connection.sendall(request.encode())
                time.sleep(0.05)
    deadline = time.monotonic() + 10
    while _sockets(sandbox) > 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Traceback" not in sandbox.log
    sandbox.post("operating/task/stop", id=task["id"])
    finished(task)


def _sockets(sandbox: EngineSandbox) -> int:
    """How many sockets the daemon has open."""
    count = 0
    for entry in Path(f"/proc/{sandbox.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += "socket:" in str(entry.readlink())
    return count


def test_wait_for_any_of_several(sandbox: EngineSandbox, submit: Submit) -> None:
    """The one that ends; those of another state; nobody else's and nothing that is no task."""
    long, short = submit("exec sleep 300", name="long-of-two"), submit("sleep 0.2", name="short-of-two")
    runs = {long["chain_id"]: long["id"], short["chain_id"]: short["id"]}
    result = sandbox.post("query/task/wait/any", {"runs": runs}, state="finished", timeout=30)["result"]
    assert [task["nb_name"] for task in result["tasks"]] == ["short-of-two"]
    del runs[short["chain_id"]]
    assert sandbox.post("query/task/wait/any", {"runs": runs}, timeout=0)["result"]["tasks"] == []
    running = sandbox.post("query/task/wait/any", {"runs": runs}, state="running", timeout=30)["result"]["tasks"]
    assert [task["id"] for task in running] == [long["id"]]
    assert sandbox.request("query/task/wait/any", {"runs": {"nobody": 1}})[0] == 401
    for body in (None, [], {}, {"runs": {}}, {"runs": [1]}, {"runs": {"x": "1"}}, {"runs": {"x": True}}):
        assert sandbox.request("query/task/wait/any", body)[0] == 422, body
    sandbox.post("operating/task/stop", id=long["id"])
