"""Everything that can be checked before a task is queued is."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from hfai.model.errors import InvalidTask

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"nodes": 5}, "resource.node_count", "group default has only 4"),
    ({"resource": {"group": "defualt"}}, "resource.group", "did you mean default?"),
    ({"resource": {"group": "x"}}, "resource.group", "there is no such group, only default"),
    ({"spec": {"workspace": ""}}, "spec.workspace", "is missing"),
    ({"spec": {"workspace": "relative"}}, "spec.workspace", "must begin with /"),
    ({"spec": {"workspace": "/nonexistent/w"}}, "spec.workspace", "does not exist"),
    ({"spec": {"workspace": "/dev/null"}}, "spec.workspace", "is no directory"),
    ({"spec": {"entrypoint": "tarin.py"}}, "spec.entrypoint", "did you mean train.py?"),
    ({"spec": {"entrypoint": "sub"}}, "spec.entrypoint", "is a directory"),
    ({"spec": {"entrypoint": "no-such-program", "entrypoint_executable": True}}, "spec.entrypoint", "no program"),
    ({"spec": {"entrypoint": "train.py", "entrypoint_executable": True}}, "spec.entrypoint", "given as ./train.py"),
    ({"spec": {"entrypoint": "./train.py", "entrypoint_executable": True}}, "spec.entrypoint", "not executable"),
    ({"shell_environment": "PATH=/bin"}, "shell_environment", "must be a mapping"),
    ({"shell_environment": {"a=b": "c"}}, "shell_environment", "'a=b' cannot be a variable"),
    ({"shell_environment": {"a": 1}}, "shell_environment", "'a' cannot be a variable"),
    ({"shell_environment": {"a": "\0"}}, "shell_environment", "'a' cannot be a variable"),
    ({"shell_environment": {"a": "x" * 200_000}}, "shell_environment", "longer than a program"),
]


@pytest.mark.parametrize(("change", "key", "says"), BAD)
def test_refused(bench: Any, change: dict[str, Any], key: str, says: str) -> None:
    """With the key, and what to do about it; nothing is stored."""
    (bench.workspace / "sub").mkdir()

    async def work() -> None:
        async with bench.running():
            with pytest.raises(InvalidTask) as refused:
                bench.submit("bad", **change)
            assert refused.value.data["key"] == key
            assert says in str(refused.value)
            assert bench.names() == []

    asyncio.run(work())


def test_an_environment_that_does_not_exist(bench: Any) -> None:
    """Named in the refusal."""

    async def work() -> None:
        async with bench.running():
            with pytest.raises(InvalidTask, match="py_venv: no environment mine"):
                bench.submit("venv", options={"py_venv": "mine"})

    asyncio.run(work())


def test_accepted(bench: Any) -> None:
    """Programs in PATH, in the PATH of the shell or of the task, and in the workspace."""
    tools = bench.workspace / "tools"
    tools.mkdir()
    (tools / "mytool").write_text("#!/bin/sh\n")
    (tools / "mytool").chmod(0o755)

    async def work() -> None:
        async with bench.running():
            for name, entrypoint, more in (
                ("bare", "sh", {}),
                ("shell", "mytool", {"shell_environment": {"PATH": str(tools)}}),
                ("relative", "tools/mytool", {}),
                ("absolute", str(tools / "mytool"), {}),
            ):
                task = bench.submit(name, spec={"entrypoint": entrypoint, "entrypoint_executable": True}, **more)
                assert "shell_environment" not in task.schema
            own = {"entrypoint": "mytool", "entrypoint_executable": True, "environments": {"PATH": str(tools)}}
            bench.submit("own", spec=own)
            odd = {"\udcfe": os.fsdecode(b"\xff"), "zero": ""}
            bench.submit("odd", shell_environment=odd)

    asyncio.run(work())
