"""What ends a task that does not end by itself, and what starts one again that failed (issue 3, item 4)."""

from __future__ import annotations

from typing import Any

HUNG = """
import json, os, socket, time
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(os.path.join(os.environ["HFAI_TASK_SOCKET_DIR"], "sock"))
    peer.sendall(json.dumps({"action": "set_watchdog_time", "seconds": 1}).encode() + b"\\n")
    assert json.loads(peer.makefile().readline())["ok"]
print("now I say nothing", flush=True)
time.sleep(600)
"""
FLAKY = """
import pathlib, sys
path = pathlib.Path("tries")
tries = int(path.read_text()) if path.exists() else 0
path.write_text(str(tries + 1))
sys.exit(0 if tries == 2 else 7)
"""
INSIDE = """
import json, os, socket, time
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(os.path.join(os.environ["HFAI_TASK_SOCKET_DIR"], "sock"))
    peer.sendall(json.dumps({"action": "set_priority", "priority": 8}).encode() + b"\\n")
    assert json.loads(peer.makefile().readline())["ok"]
time.sleep(600)
"""


def test_the_watchdog_set_from_inside(shared: Any) -> None:
    """No output for that long: hung, with that cause."""
    (shared.workspace / "hung.py").write_text(HUNG)
    shared.submit("hung", entrypoint="hung.py", watchdog_time=600)
    task = shared.finished("hung")
    assert (task["worker_status"], task["stop_code"], task["end"]["cause"]) == ("failed", 513, "watchdog")
    assert task["end"]["message"] == "the task: no output for 1 s"


def test_the_time_limit(shared: Any) -> None:
    """``options.timeout`` seconds after it was scheduled."""
    shared.submit("long", 3000, "ignores", timeout=1)
    task = shared.finished("long")
    assert (task["worker_status"], task["end"]["cause"], len(task["id_list"])) == ("failed", "timeout", 1)


def test_restarted_when_asked(shared: Any) -> None:
    """Twice wrong, then right: three runs of one chain."""
    (shared.workspace / "flaky.py").write_text(FLAKY)
    shared.submit("flaky", entrypoint="flaky.py", restart=5)
    task = shared.finished("flaky")
    assert task["worker_status_list"] == ["failed", "failed", "succeeded"]
    (shared.workspace / "tries").unlink()
    shared.submit("once", entrypoint="flaky.py")
    task = shared.finished("once")
    assert (task["worker_status_list"], task["end"]["exit_status"]) == (["failed"], 7)


def test_the_priority_set_from_inside(shared: Any) -> None:
    """It is the chain's from then on."""
    (shared.workspace / "inside.py").write_text(INSIDE)
    shared.submit("inside", entrypoint="inside.py")
    shared.until("inside", lambda task: task["priority"] == 8)
    shared.sandbox.post("operating/task/stop", nb_name="inside")
    shared.finished("inside")


def test_the_priority_set_from_outside(shared: Any) -> None:
    """With the texts that existing clients know."""
    task = shared.submit("task")
    post = shared.sandbox.post
    answer = post("operating/task/priority/update", nb_name="task", priority=20)
    assert answer["msg"] == f"成功修改 [{task['user_name']}][task][{task['id']}] 的 priority 为 20"
    assert (answer["success"], shared.task("task")["priority"]) == (1, 20)
    refused = post("operating/task/priority/update", nb_name="task", priority=33)
    assert (refused["success"], refused["msg"].partition(":")[0]) == (0, "优先级有误")
    assert post("operating/task/priority/update", nb_name="task")["msg"] == "必须指定要更新的字段"
    post("operating/task/stop", nb_name="task")
    shared.finished("task")
    refused = post("operating/task/priority/update", nb_name="task", priority=30)
    assert (refused["success"], refused["msg"]) == (0, "不能更新已经结束任务的优先级")
    answer = post("operating/task/suspend", nb_name="task")
    assert (answer["success"], answer["outcome"]) == (1, "already_finished")
    assert answer["msg"].endswith("不再[suspend]")
