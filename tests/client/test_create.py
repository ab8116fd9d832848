"""Submitting: what goes out, and that it goes out once."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from hfai.client import create_experiment, create_experiment_v2
from hfai.model.errors import InvalidTask, InvalidTaskFile, NameInUse, UnreachableError, UsageError

CONFIG = {
    "version": 2,
    "name": "x",
    "priority": 30,
    "spec": {"entrypoint": "a.py", "workspace": "/w", "environments": {"A": "1"}},
    "resource": {"node_count": 1},
    "options": {"tags": ["t"]},
}
YAML = "version: 2\nname: x\nspec: {entrypoint: a.py, workspace: /w}\n"


@pytest.fixture
def accepting(engine, task):
    engine.routes["operating/task/create"] = lambda request: {"success": 1, "msg": "", "task": task()}
    return engine


def sent(server):
    return server.asked("operating/task/create")[-1].body


@pytest.mark.parametrize(
    "config",
    [
        YAML,
        io.StringIO(YAML),
        {"version": 2, "name": "x", "spec": {"entrypoint": "a.py", "workspace": "/w"}},
        SimpleNamespace(version=2, name="x", spec=SimpleNamespace(entrypoint="a.py", workspace="/w")),
    ],
    ids=["text", "file", "mapping", "object"],
)
def test_every_form_of_a_task(accepting, config) -> None:
    """The same request."""
    assert create_experiment_v2(config).id == 7
    body = sent(accepting)
    assert (body["name"], body["spec"]["entrypoint"], body["spec"]["workspace"]) == ("x", "a.py", "/w")


def test_a_path(accepting, tmp_path) -> None:
    (tmp_path / "task.yaml").write_text(YAML)
    create_experiment(str(tmp_path / "task.yaml"))
    create_experiment(tmp_path / "task.yaml")
    assert sent(accepting)["name"] == "x"


def test_overrides(accepting) -> None:
    """Instead of the file's; environments and options a key at a time, tags on top."""
    create_experiment_v2(
        CONFIG, name="y", nodes=4, group="g", priority=50, environments={"B": "2"}, tags=["u"], options={"py_venv": "v"}
    )
    body = sent(accepting)
    assert (body["name"], body["priority"], body["resource"]["node_count"], body["resource"]["group"]) == (
        "y",
        50,
        4,
        "g",
    )
    assert body["spec"]["environments"] == {"A": "1", "B": "2"}
    assert body["options"] == {"tags": ["t", "u"], "py_venv": "v"}
    assert CONFIG["spec"]["environments"] == {"A": "1"}


def test_a_wrong_override_is_refused_here(accepting) -> None:
    with pytest.raises(InvalidTask, match=r"resource\.node_count"):
        create_experiment_v2(CONFIG, nodes=0)
    assert accepting.requests == [] or accepting.asked("operating/task/create") == []


def test_a_wrong_file(accepting, tmp_path) -> None:
    with pytest.raises(InvalidTaskFile, match="there is no such file"):
        create_experiment_v2(str(tmp_path / "missing.yaml"))


def test_the_shell_environment(accepting, monkeypatch) -> None:
    """What a task inherits, and nothing else of this process."""
    monkeypatch.setenv("PATH", "/p")
    monkeypatch.setenv("VIRTUAL_ENV", "/v")
    monkeypatch.setenv("SOMETHING_ELSE", "no")
    create_experiment_v2(CONFIG)
    environment = sent(accepting)["shell_environment"]
    assert (environment["PATH"], environment["VIRTUAL_ENV"]) == ("/p", "/v")
    assert "SOMETHING_ELSE" not in environment
    create_experiment_v2(CONFIG, inherit_environment=False)
    assert "shell_environment" not in sent(accepting)


def test_dry_run(accepting) -> None:
    """The engine is asked to check it; the request comes back."""
    accepting.routes["operating/task/create"] = {"success": 1, "task": {}}
    request = create_experiment_v2(CONFIG, nodes=2, dry_run=True)
    assert request["resource"]["node_count"] == 2
    assert "submission" not in request and "shell_environment" not in request
    assert sent(accepting)["dry_run"] is True


def test_a_refusal(accepting) -> None:
    error = NameInUse(name="x", id=3, chain_status="running")
    accepting.routes["operating/task/create"] = error.to_wire()
    with pytest.raises(NameInUse, match="in use by your task 3") as caught:
        create_experiment_v2(CONFIG)
    assert caught.value.data["id"] == 3


def test_a_broken_connection_before_it_was_taken(engine, task, drop) -> None:
    """Nothing of ours is there: it is sent again, under the same mark."""
    engine.routes["operating/task/create"] = [drop(), {"success": 1, "task": task()}]
    engine.routes["query/task"] = {"success": 1, "result": {"task": task(id=3)}}
    assert create_experiment_v2(CONFIG).id == 7
    first, second = engine.asked("operating/task/create")
    assert first.body == second.body
    assert len(first.body["submission"]) == 32
    engine.routes["operating/task/create"] = {"success": 1, "task": task()}
    create_experiment_v2(CONFIG)
    assert sent(engine)["submission"] != first.body["submission"]


@pytest.mark.parametrize("kind", ["engine", "haiplatform"])
def test_a_broken_connection_after_it_was_taken(request, kind, task, drop) -> None:
    """Servers keep the whole request, so the mark tells; nothing is sent twice."""
    server = request.getfixturevalue(kind)
    kept = {}

    def take(request):
        kept.update(task(chain_status="", queue_status="queued"), config_json={"schema": request.body})
        return drop()

    server.routes["operating/task/create"] = take
    server.routes["query/task"] = lambda request: {"success": 1, "result": {"task": kept}}
    assert create_experiment_v2(CONFIG).chain_status == "waiting_init"
    assert len(server.asked("operating/task/create")) == 1
    assert ("shell_environment" in sent(server)) == (kind == "engine")


@pytest.mark.parametrize("there", [{"success": 0, "msg": "没有符合条件的任务"}, "other"])
def test_a_hai_platform_that_did_not_take_it(haiplatform, task, drop, there) -> None:
    """Nothing of ours is there: the error, not somebody else's task of the name."""
    haiplatform.routes["operating/task/create"] = drop()
    haiplatform.routes["query/task"] = {"success": 1, "result": {"task": task()}} if there == "other" else there
    with pytest.raises(UnreachableError):
        create_experiment_v2(CONFIG)
    assert len(haiplatform.asked("operating/task/create")) == 1


def test_values_for_a_hai_platform_are_quoted(haiplatform, task) -> None:
    """It writes them into a shell script as they are."""
    haiplatform.routes["operating/task/create"] = {"success": 1, "task": task()}
    create_experiment_v2(CONFIG, environments={"B": "a b"})
    assert sent(haiplatform)["spec"]["environments"]["B"] == "'a b'"


def test_nothing_is_a_usage_error_elsewhere() -> None:
    from hfai.client import get_experiment

    with pytest.raises(UsageError):
        get_experiment()
