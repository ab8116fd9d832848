"""The sandbox itself: it cleans up after everything, and says so when the engine has not."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from hfai.model.errors import ConfigError
from hfai.testing import EngineSandbox, LeftOver
from hfai.testing import sandbox as sandbox_module


def test_it_is_there_inside_and_gone_afterwards(engine_sandbox: EngineSandbox) -> None:
    with EngineSandbox({"nodes": 1}) as sandbox:
        assert sandbox.is_running
        assert sandbox.post("query/user/info")["success"] == 1
        assert sandbox.url != engine_sandbox.url
        pid, directory = sandbox.pid, sandbox.directory
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not directory.exists()
    assert sandbox.left_over() == []
    sandbox.close()
    assert engine_sandbox.is_running


def test_it_raises_what_the_engine_says() -> None:
    with pytest.raises(ConfigError, match="prot"), EngineSandbox({"prot": 1}):
        pass


def test_a_killed_engine_and_its_tasks_are_cleaned_up() -> None:
    sandbox = EngineSandbox({"nodes": 1})
    with sandbox:
        (sandbox.directory / "run.sh").write_text("sleep 600 & sleep 600")
        body = {
            "version": 2,
            "name": "sleeps",
            "spec": {"workspace": str(sandbox.directory), "entrypoint": "run.sh"},
            "resource": {"node_count": 1},
        }
        task = sandbox.post("operating/task/create", body)["task"]
        assert sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]["reached"]
        deadline = time.monotonic() + 10
        while not any("sleep 600" in found.command for found in sandbox.left_over()):
            assert time.monotonic() < deadline
        sandbox.kill()
        assert not sandbox.is_running
    assert sandbox.left_over() == []


def test_what_an_orderly_end_leaves_is_told_and_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "SETTLE_S", 0.5)
    sandbox = EngineSandbox({"nodes": 1})
    sandbox.start()
    stray = subprocess.Popen(["sleep", "600"], env=sandbox.env)
    try:
        with pytest.raises(LeftOver, match="sleep 600"):
            sandbox.close()
    finally:
        assert stray.wait(10) == -9
