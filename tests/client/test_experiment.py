"""Experiment: attributes, and methods that ask."""

from __future__ import annotations

from datetime import datetime

import pytest

from hfai.client import Experiment, get_experiment, get_status, resolve, wait, wait_each
from hfai.model.errors import InvalidTaskFile, TaskNotFound, UnreachableError, UsageError, WaitTimeout
from hfai.model.records import Cause
from hfai.model.taskfile import load_task_file

POD = {
    "task_id": 7,
    "job_id": 1,
    "status": "failed",
    "node": "n1",
    "created_at": "2026-11-23T12:57:55",
    "begin_at": "2026-11-23T12:57:56.000001",
    "end_at": None,
    "exit_code": "3",
    "assigned_gpus": [0, 1],
}
END = {
    "cause": "user_code",
    "exit_status": 3,
    "rank": 1,
    "exit_code": 3,
    "signal": None,
    "last_lines": ["oops"],
    "message": "rank 1 exited with 3",
}
DOCUMENTED = [
    "id",
    "nb_name",
    "user_name",
    "code_file",
    "workspace",
    "config_json",
    "group",
    "nodes",
    "assigned_nodes",
    "whole_life_state",
    "star",
    "first_id",
    "backend",
    "task_type",
    "queue_status",
    "priority",
    "chain_id",
    "chain_status",
    "stop_code",
    "worker_status",
    "begin_at",
    "end_at",
    "created_at",
    "suspend_count",
    "tags",
    "_pods_",
    "id_list",
    "begin_at_list",
    "end_at_list",
    "stop_code_list",
    "whole_life_state_list",
]


def test_the_documented_attributes(task) -> None:
    """All there; times are datetimes."""
    experiment = Experiment(task(restart_count=2))
    for name in DOCUMENTED:
        getattr(experiment, name)
    assert experiment.suspend_count == 2
    assert experiment.begin_at == datetime(2026, 11, 23, 12, 57, 55, 95742)
    assert experiment.updated_at == experiment.begin_at
    assert Experiment(task(updated_at="2026-11-23T13:00:00")).updated_at == datetime(2026, 11, 23, 13)
    assert repr(experiment) == "<Experiment 7 'x' running>"


def test_jobs_in_order_of_rank(task) -> None:
    jobs = Experiment(task(_pods_=[POD, {**POD, "job_id": 0, "exit_code": "nan"}])).jobs
    assert [(job.rank, job.exit_code, job.assigned_gpus) for job in jobs] == [(0, None, (0, 1)), (1, 3, (0, 1))]
    assert jobs[1].begin_at == datetime(2026, 11, 23, 12, 57, 56, 1)
    assert jobs[1].end_at is None


def test_pending_and_end(task) -> None:
    """The records of the model; None where there is nothing, or a server that does not say."""
    pending = {"code": "position", "template": "{n} ahead", "data": {"n": 2}, "position": 3, "text": "2 ahead"}
    experiment = Experiment(task(pending=pending, end=END, chain_status="finished"))
    assert experiment.pending.data == {"n": 2}
    assert (experiment.end.cause, experiment.exit_status) == (Cause.USER_CODE, 3)
    assert Experiment(task()).pending is None
    assert Experiment(task()).end is None
    assert Experiment(task()).exit_status is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stop_code": 1, "worker_status": "succeeded"}, 0),
        ({"stop_code": 129, "worker_status": "failed", "_pods_": [POD]}, 3),
        ({"stop_code": 1, "worker_status": "failed", "_pods_": [POD]}, 3),
        ({"stop_code": 129, "worker_status": "failed", "_pods_": [{**POD, "exit_code": "nan"}]}, 1),
        ({"stop_code": 1025, "worker_status": "stopped"}, 143),
        ({"stop_code": 0, "worker_status": "canceled"}, 143),
        ({"stop_code": 4097, "worker_status": "stopped"}, 0),
        ({"stop_code": 8193, "worker_status": "failed"}, 1),
    ],
)
def test_exit_status_on_a_hai_platform(task, changes, expected) -> None:
    """Its stop code alone would say that some failed tasks succeeded (wire document, section 4)."""
    assert Experiment(task(chain_status="finished", **changes)).exit_status == expected


def test_schema_is_a_task_file_again(task) -> None:
    """Without what the client added to the request."""
    schema = {"version": 2, "name": "x", "spec": {"entrypoint": "a.py", "workspace": "/w"}, "submission": "abc"}
    text = Experiment(task(config_json={"schema": schema})).schema
    assert "submission" not in text
    assert load_task_file(text).name == "x"


def test_methods_ask_by_chain(engine, task) -> None:
    """A newer task of the name is another one."""
    ok = {"success": 1, "msg": "done"}
    for route in ("stop", "tag", "untag"):
        engine.routes[f"operating/task/{route}"] = ok
    engine.routes["query/task/log"] = {"success": 1, "data": "text", "last_seen": {"id": 7}}
    engine.routes["query/task/log/search"] = {"success": 1, "data": [2, 0]}
    engine.routes["query/task/sys_log"] = {"success": 1, "data": "sys"}
    engine.routes["query/task/container_log"] = {"success": 1, "result": {"data": "container"}}
    engine.routes["query/task"] = {"success": 1, "result": {"task": task(chain_status="finished")}}
    experiment = Experiment(task())
    experiment.stop()
    experiment.stop("fail")
    experiment.tag_task("a")
    experiment.untag("a")
    assert experiment.log_ng(1, {"id": 7})["data"] == "text"
    assert experiment.log() == "text"
    assert experiment.search_in_global("x y") == [2, 0]
    assert experiment.sys_log() == "sys"
    assert experiment.container_log(1) == "container"
    assert engine.asked("query/task/container_log")[0].query["id"] == "7"
    assert experiment.refresh() is experiment
    assert experiment.is_finished
    assert {request.query["chain_id"] for request in engine.requests[1:]} == {"chain-7"}
    assert [request.query["op"] for request in engine.asked("operating/task/stop")] == ["stop", "fail"]
    assert engine.asked("query/task/log")[0].query["last_seen"] == '{"id": 7}'
    with pytest.raises(UsageError, match="op must be one of"):
        experiment.stop("suspend")


@pytest.mark.parametrize(
    ("text", "query"),
    [("12", {"id": "12"}), ("exp", {"nb_name": "exp"}), ("missing.yaml", {"nb_name": "missing.yaml"})],
)
def test_resolve(engine, task, text, query) -> None:
    engine.routes["query/task"] = {"success": 1, "result": {"task": task()}}
    resolve(text)
    assert engine.asked("query/task")[0].query == query


def test_resolve_a_file(engine, task, tmp_path) -> None:
    """Its name; with a kind, whatever it looks like."""
    engine.routes["query/task"] = {"success": 1, "result": {"task": task()}}
    (tmp_path / "a.yml").write_text("version: 2\nname: in-file\nspec: {entrypoint: a.py}\n")
    resolve(str(tmp_path / "a.yml"))
    resolve("12", kind="name")
    assert [request.query for request in engine.asked("query/task")] == [{"nb_name": "in-file"}, {"nb_name": "12"}]
    with pytest.raises(InvalidTaskFile):
        resolve("12", kind="yaml")
    with pytest.raises(UsageError, match="an id is a number"):
        resolve("exp", kind="id")
    with pytest.raises(UsageError, match="kind must be"):
        resolve("exp", kind="other")


def test_status(engine, task) -> None:
    engine.routes["query/task"] = {"success": 1, "result": {"task": task(chain_status="suspended", _pods_=[POD])}}
    status = get_status("x")
    assert status.is_waiting and not status.is_finished and not status.is_succeeded
    assert (status.chain_status, status.exit_status, status.jobs[0].rank) == ("suspended", None, 1)


def test_not_found(engine) -> None:
    engine.routes["query/task"] = TaskNotFound(experiment="12").to_wire()
    with pytest.raises(TaskNotFound, match="no task 12"):
        get_experiment(id=12)


def waiting(engine, task, answers):
    engine.routes["query/task"] = {"success": 1, "result": {"task": task()}}
    engine.routes["query/task/wait"] = answers


def changed(task, **changes):
    return {"success": 1, "result": {"task": task(**changes), "reached": False, "seen": "s"}}


def test_wait_goes_on_until_it_is_so(engine, task) -> None:
    waiting(engine, task, [changed(task), changed(task), changed(task, chain_status="finished", end=END)])
    assert wait("x").exit_status == 3
    assert engine.asked("query/task/wait")[0].query["state"] == "finished"


def test_wait_ends_where_it_never_will_be(engine, task) -> None:
    """A finished task does not run any more."""
    waiting(engine, task, [changed(task, chain_status="finished")])
    assert wait("x", until="suspended").is_finished
    assert wait("x", until="running").chain_status == "running"


def test_wait_times_out(engine, task) -> None:
    waiting(engine, task, changed(task))
    with pytest.raises(WaitTimeout, match=r"task x is still running after 0\.05 s"):
        wait("x", timeout=0.05)


def test_wait_outlasts_a_restart(engine, task, drop) -> None:
    """Of the server; more broken connections than one request would bear."""
    waiting(engine, task, [drop()] * 5 + [changed(task, chain_status="finished")])
    assert wait("x").is_finished


def test_wait_for_something_else(engine) -> None:
    with pytest.raises(UsageError, match="until must be one of"):
        wait("x", until="done")


def test_wait_on_a_hai_platform_asks_again(haiplatform, task) -> None:
    haiplatform.routes["query/task"] = [
        {"success": 1, "result": {"task": task()}},
        {"success": 1, "result": {"task": task(chain_status="finished", stop_code=1, worker_status="succeeded")}},
    ]
    assert wait("x").exit_status == 0
    assert haiplatform.asked("query/task/wait") == []


def test_wait_for_several(engine, task) -> None:
    """One request for all that are left; the last one alone has the request of one; in the order in which they get there."""
    tasks = {"a": task(nb_name="a", chain_id="A"), "b": task(nb_name="b", chain_id="B", id=9)}
    engine.routes["query/task"] = lambda request: {"success": 1, "result": {"task": tasks[request.query["nb_name"]]}}
    b_ended = {**tasks["b"], "chain_status": "finished", "end": END}
    engine.routes["query/task/wait/any"] = {"success": 1, "result": {"tasks": [b_ended]}}
    engine.routes["query/task/wait"] = changed(task, nb_name="a", chain_id="A", chain_status="finished")
    assert [one.nb_name for one in wait_each(["a", "b", "a"])] == ["b", "a"]
    assert engine.asked("query/task/wait/any")[0].body == {"runs": {"A": 7, "B": 9}}
    assert engine.asked("query/task/wait")[0].query["chain_id"] == "A"


def test_a_short_suspension_counts(engine, task) -> None:
    """It runs again, under a new id, before anybody could see it suspended."""
    waiting(engine, task, [changed(task), changed(task, id=8)])
    assert wait("x", until="suspended").id == 8
    assert engine.asked("query/task/wait")[0].query["run"] == "7"


def test_wait_for_several_times_out(engine, task) -> None:
    engine.routes["query/task"] = lambda request: {
        "success": 1,
        "result": {"task": task(nb_name=request.query["nb_name"], chain_id=request.query["nb_name"])},
    }
    engine.routes["query/task/wait/any"] = {"success": 1, "result": {"tasks": []}}
    with pytest.raises(WaitTimeout, match=r"2 tasks are not finished after 0\.05 s: a, b"):
        list(wait_each(["a", "b"], timeout=0.05))


def test_an_argument_that_is_no_task() -> None:
    with pytest.raises(UsageError, match="a task is an Experiment"):
        get_status(None)
    with pytest.raises(UsageError, match="a task is an Experiment"):
        get_status(True)


def test_unreachable_at_once_when_it_never_answered(engine) -> None:
    """Only a platform that has answered is waited for."""
    engine.close()
    with pytest.raises(UnreachableError):
        wait("x")
