"""One engine for the tests of a module, and tasks to ask it about."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from hfai.testing import EngineSandbox

Submit = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 4, "stop_grace_s": 0.5, "gang_grace_s": 0.5}) as sandbox:
        yield sandbox


@pytest.fixture
def body(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Makes the body of a submission: a shell script, by its text."""

    def make(script: str = "echo hello", *, name: str, nodes: int = 1, **more: Any) -> dict[str, Any]:
        (tmp_path / f"{name}.sh").write_text(script + "\n")
        return {
            "version": 2,
            "name": name,
            "priority": 30,
            "spec": {"workspace": str(tmp_path), "entrypoint": f"{name}.sh"},
            "resource": {"image": "default", "group": "default", "node_count": nodes},
            "shell_environment": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
            **more,
        }

    return make


@pytest.fixture
def submit(sandbox: EngineSandbox, body: Callable[..., dict[str, Any]]) -> Submit:
    """Submits a shell script and returns the task object."""

    def submit(script: str = "echo hello", **arguments: Any) -> dict[str, Any]:
        answer = sandbox.post("operating/task/create", body(script, **arguments))
        assert answer["success"] == 1, answer
        task: dict[str, Any] = answer["task"]
        return task

    return submit


@pytest.fixture
def finished(sandbox: EngineSandbox) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Waits for the end of a task and returns its object."""

    def wait(task: dict[str, Any]) -> dict[str, Any]:
        result = sandbox.post("query/task/wait", id=task["id"], state="finished", timeout=60)["result"]
        assert result["reached"], result
        return dict(result["task"])

    return wait
