"""``validate`` and ``validate_nodes`` against a real engine: tasks on nodes, looks beside a task, and their coroutines."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from hfai.client import (
    Experiment,
    NodeReport,
    _session,
    aio,
    cordon_node,
    create_experiment_v2,
    get_experiments,
    nodes,
    uncordon_node,
    validate,
    validate_nodes,
    wait,
)
from hfai.model.errors import NodeNotFound, RankNotFound, RefusedError, TaskNotFound, UsageError, WaitTimeout
from hfai.testing import EngineSandbox

EVERY = (
    *("memory", "gpu_memory", "gpu_errors", "workspace_space", "log_space", "clock"),
    *("workspace_write", "log_write", "bandwidth", "compute", "suspend"),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 3, "stop_grace_s": 1}) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def engine(sandbox: EngineSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MARSV2_SERVER", sandbox.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", sandbox.token)
    monkeypatch.chdir(tmp_path)
    yield
    _session.current().close()


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[..., Experiment]]:
    """Submits a task that runs until its file is there, and waits until it has begun."""
    held = []

    def submit(name: str, node_count: int) -> Experiment:
        (tmp_path / "hold.sh").write_text(f"echo begun; while [ ! -e {name}.go ]; do sleep 0.05; done")
        spec = {"workspace": str(tmp_path), "entrypoint": "hold.sh"}
        body = {"version": 2, "name": name, "priority": 10, "spec": spec, "resource": {"node_count": node_count}}
        task = create_experiment_v2(body)
        held.append(task)
        deadline = time.monotonic() + 30
        while "begun" not in task.refresh().log(node_count - 1):
            assert time.monotonic() < deadline, task.to_dict()
            time.sleep(0.02)
        return task

    yield submit
    for task in held:
        task.stop()
        wait(task, timeout=30)


def by_name(report: NodeReport) -> dict[str, Any]:
    return {check.name: check for check in report.checks}


def test_good_nodes(tmp_path: Path) -> None:
    """Each in its own task, in the order of the names; all is measured; nothing is left in the workspace or among the tasks."""
    seen = []
    reports = validate_nodes(["cpu-1", "cpu-0", "cpu-1"], on_task=seen.append)
    assert [(report.node, report.rank, report.has_passed, report.is_cordoned) for report in reports] == [
        ("cpu-1", None, True, False),
        ("cpu-0", None, True, False),
    ]
    assert [task.task_type for task in seen] == ["validation", "validation"]
    found = by_name(reports[0])
    assert tuple(found) == EVERY
    assert {name for name, check in found.items() if check.status == "skipped"} == {"gpu_memory", "gpu_errors"}
    assert all(found[name].value > 0 for name in ("memory", "workspace_write", "bandwidth", "compute", "suspend"))
    assert found["clock"].value < found["clock"].limit
    assert not list(tmp_path.iterdir())
    assert seen[0].refresh().assigned_nodes == ["cpu-1"]
    lines = seen[0].log(0)
    assert "compute         passed" in lines and "pre-check" not in lines


def test_a_check_of_ones_own_that_fails(tmp_path: Path) -> None:
    """Its output is there, the node is cordoned by the platform, can still be checked, and is brought back by hand."""
    (tmp_path / "check.sh").write_text("echo fan $PWD; exit 4\n")
    (report,) = validate_nodes(["cpu-2"], "check.sh")
    assert not report.has_passed and report.is_cordoned
    own = by_name(report)["own"]
    assert (own.status, own.text, own.output) == ("failed", "check.sh exited with code 4", f"fan {tmp_path}\n")
    node = next(node for node in nodes() if node.name == "cpu-2")
    assert (node.cordon_reason, node.cordoned_by) == ("validation: check.sh exited with code 4", "platform")
    (tmp_path / "check.sh").write_text("true\n")
    (report,) = validate_nodes(["cpu-2"], tmp_path / "check.sh")
    assert report.has_passed and report.is_cordoned
    assert not uncordon_node("cpu-2").is_cordoned


def test_beside_a_running_task(hold: Callable[..., Experiment], tmp_path: Path) -> None:
    """What would disturb it is left out; its log stays as it is; its own node is cordoned if it fails, and it goes on."""
    task = hold("beside", 2)
    (tmp_path / "ok.sh").write_text("echo $RANK\n")
    before = task.log(0), task.log(1)
    reports = validate(task, check_file="ok.sh")
    assert [(report.rank, report.has_passed) for report in reports] == [(0, True), (1, True)]
    assert [report.node for report in reports] == task.refresh().assigned_nodes
    found = by_name(reports[1])
    assert tuple(found) == (*EVERY, "own")
    assert found["own"].output == "1\n"
    assert {found[name].status for name in EVERY[6:]} == {"skipped"}
    assert "would disturb" in found["compute"].text
    assert (task.log(0), task.log(1)) == before
    (tmp_path / "bad.sh").write_text("exit 1\n")
    (report,) = validate("beside", [1], "bad.sh")
    assert not report.has_passed and report.is_cordoned
    assert task.refresh().chain_status == "running"
    uncordon_node(report.node)
    with pytest.raises(RankNotFound):
        validate(task, [2])


def test_where_a_task_ran_last(hold: Callable[..., Experiment], tmp_path: Path) -> None:
    """A finished one: its nodes, with all measurements."""
    task = hold("over", 1)
    (tmp_path / "over.go").touch()
    wait(task, timeout=30)
    (report,) = validate(task)
    assert [report.node] == task.refresh().assigned_nodes
    assert by_name(report)["compute"].status == "passed"


def test_a_busy_node(hold: Callable[..., Experiment]) -> None:
    """It waits, says for whom, and when the time is up the validation does not stay in line."""
    task = hold("busy", 3)
    waits = []
    with pytest.raises(WaitTimeout):
        validate_nodes(["cpu-1"], timeout=0.2, on_task=waits.append)
    assert waits[0].to_dict()["pending"]["text"].startswith(f"waits for node cpu-1: busy ({task.id})")
    assert waits[0].refresh().chain_status == "finished"
    assert task.refresh().chain_status == "running"


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        validate_nodes([])
    with pytest.raises(UsageError):
        validate_nodes("cpu-0")
    with pytest.raises(NodeNotFound, match="gpu-7"):
        validate_nodes(["cpu-0", "gpu-7"])
    with pytest.raises(TaskNotFound):
        validate("nobody")
    with pytest.raises(UsageError, match="rank must be"):
        validate("nobody", [-1])
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        validate_nodes(["cpu-0"], "gone.sh")
    (tmp_path / "large.sh").write_text("#" * 40_000)
    with pytest.raises(UsageError, match="40000 bytes"):
        validate_nodes(["cpu-0"], "large.sh")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no script"):
        validate_nodes(["cpu-0"], "binary")


def test_one_that_has_never_run() -> None:
    """There is no node to look at."""
    for name in ("cpu-0", "cpu-1", "cpu-2"):
        cordon_node(name)
    (Path.cwd() / "a.sh").touch()
    task = create_experiment_v2(
        {"version": 2, "name": "waits", "spec": {"workspace": str(Path.cwd()), "entrypoint": "a.sh"}}
    )
    with pytest.raises(RefusedError, match="has not run on any node yet"):
        validate(task)
    task.stop()
    for name in ("cpu-0", "cpu-1", "cpu-2"):
        uncordon_node(name)


def test_coroutines() -> None:
    async def work() -> None:
        (report,) = await aio.validate_nodes(["cpu-0"])
        assert report.has_passed
        with pytest.raises(TaskNotFound):
            await aio.validate("nobody", [0])

    asyncio.run(work())


def test_validations_are_not_among_ones_tasks() -> None:
    """The list is of work; by their type they can be found."""
    validate_nodes(["cpu-0"])
    assert not [task for task in get_experiments(1, 50)[1] if task.task_type == "validation"]
    assert get_experiments(1, 50, task_type_list=["validation"])[0] > 0
