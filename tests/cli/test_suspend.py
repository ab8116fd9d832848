"""``suspend``, ``resume`` and ``priority``, and what ``status`` says of a suspension."""

from __future__ import annotations

import json
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import task, until, until_status

SAVES = """
import time
from hfai.client import go_suspend, receive_suspend_command
print("begin", flush=True)
while True:
    time.sleep(0.02)
    if receive_suspend_command():
        go_suspend()
"""


@pytest.fixture
def engine() -> Iterator[EngineSandbox]:
    """Two nodes, and tasks that do not listen are stopped soon."""
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1, "suspend_grace_s": 1}) as sandbox:
        yield sandbox


def begun(hai: Cli, *names: str, priority: int = 10) -> None:
    """Tasks of one node that save when they are told to, begun."""
    hai.write("saves.py", SAVES)
    for name in names:
        assert hai("python", "saves.py", "--", "--name", name, "-p", priority).status == 0
    for name in names:
        until(lambda name=name: "begin" in hai("logs", name).out)


def test_suspend_of_several(hai: Cli) -> None:
    """A line per task; each goes on under a new id; nowhere does it count as failed."""
    begun(hai, "a", "b")
    done = hai("suspend", "a", "nobody", "b")
    assert done.status == 3
    assert done.err == "hai-cli: no task nobody: see your tasks with `hai-cli list`\n"
    assert [line.split(") ", 1)[1] for line in done.out.splitlines()] == [
        "is told to save and yield; it is queued again"
    ] * 2
    for name in ("a", "b"):
        until(lambda name=name: len(task(hai, name)["id_list"]) == 2)
        (told,) = task(hai, name)["suspensions"]
        assert told["by"] == "user" and told["saved_at"] and not told["forced_at"]
        said = hai("status", name).out
        assert "was suspended by its user: told 2" in said and ", answered 2" in said and ", saved 2" in said
        assert "fail" not in said + hai("list").out
        assert "由用户挂起" in hai("status", name, lang="zh").out


def test_an_end_while_it_was_to_save(hai: Cli) -> None:
    """It was not suspended, and is not said to have been."""
    hai.write("ends.py", SAVES.replace("go_suspend()\n", "break\n"))
    assert hai("python", "ends.py", "--", "--name", "ends").status == 0
    until(lambda: "begin" in hai("logs", "ends").out)
    assert hai("suspend", "ends").status == 0
    until_status(hai, "ends", "finished")
    said = hai("status", "ends").out
    assert "was to be suspended by its user: told 2" in said and "; it ended before that" in said
    assert "；在此之前已经结束" in hai("status", "ends", lang="zh").out


def test_suspended_and_waiting(hai: Cli) -> None:
    """While others have the nodes it is in the queue already, and resuming changes nothing."""
    begun(hai, "low")
    begun(hai, "high", "higher", priority=40)
    shown = until(lambda: "suspended" in (said := hai("status", "low").out) and said)
    assert "by the scheduler: told" in shown and "low was interrupted and waits" in shown and "fail" not in shown
    assert "why it was suspended: a higher priority asks: it makes room for higher (" in shown and " at VERY_HIGH\n" in shown
    assert "first in line at NORMAL" in shown and "held by high (running, slice ends" in shown
    (listed,) = (one for one in json.loads(hai("list", "--json", lang="zh").out)["tasks"] if one["nb_name"] == "low")
    assert [decision["what"] for decision in listed["decisions"]] == ["start", "suspend"]
    assert listed["decisions"][1]["why"].startswith("有更高优先级的任务：为")
    assert listed["suspensions"][0]["why"] == listed["decisions"][1]["why"]
    assert listed["pending"]["position"] == 1 and "排在队首：需要 1 个节点，没有空闲节点" in listed["pending"]["text"]
    said = hai("status", "low", lang="zh").out
    assert "挂起原因：有更高优先级的任务" in said and "启动的原因：在优先级 NORMAL 的队列中排在最前" in said
    identity = task(hai, "low")["id"]
    for command in ("suspend", "resume"):
        assert hai(command, "low").out == f"task {identity} (low) is in the queue already\n"
    assert task(hai, "low")["id"] == identity


def test_one_that_does_not_listen(hai: Cli) -> None:
    """While it may save, and after it was stopped."""
    hai.write("deaf.sh", "echo begin; exec sleep 300\n")
    assert hai("bash", "deaf.sh", "--", "--name", "deaf", "--options", "suspend_grace=3").status == 0
    until(lambda: "begin" in hai("logs", "deaf").out)
    assert hai("suspend", "-t", "name", "deaf").status == 0
    assert "to save\n" in hai("status", "deaf").out
    until(lambda: "without having said that it had saved" in hai("status", "deaf").out)
    assert task(hai, "deaf")["suspensions"][0]["forced_at"]


def test_resume(hai: Cli) -> None:
    """One that has ended gets a new run; one that runs is left alone; one that is not there is named."""
    begun(hai, "again")
    first = task(hai, "again")["id"]
    assert hai("resume", "again").out == f"task {first} (again) is running\n"
    assert hai("stop", "again").status == 0
    until_status(hai, "again", "finished")
    assert hai("suspend", "again").out == f"task {first} (again) had ended before\n"
    done = hai("resume", "nobody", "again")
    assert done.status == 3 and "no task nobody" in done.err
    assert done.out == f"task {first + 1} (again) is in the queue again\n"
    until_status(hai, "again", "running")


def test_priority(hai: Cli) -> None:
    """By name or number; wrong ones and finished tasks are refused."""
    begun(hai, "one")
    done = hai("priority", "one", "high")
    assert (done.status, done.err) == (0, "") and done.out.endswith("(one) has priority HIGH (30) now\n")
    assert task(hai, "one")["priority"] == 30
    assert hai("priority", "one", "5").status == 0
    assert task(hai, "one")["priority"] == 5
    assert hai("priority", "one", "-1").out.endswith("has priority AUTO (-1) now\n")
    wrong = hai("priority", "one", "17")
    assert wrong.status == 2 and "17 is none of EXTREME_HIGH (50)" in wrong.err
    assert hai("priority", "nobody", "30").status == 3
    hai("stop", "one")
    until_status(hai, "one", "finished")
    assert hai("priority", "one", "30").status == 6
    assert json.loads(hai("status", "one", "--json").out)["suspensions"] == []
