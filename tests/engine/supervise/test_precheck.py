"""The look at the node before the command: its line comes first, and an unfit node runs nothing."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.nvml.machine import GIB, HANG, GpuMachine

ON = {"language": "en"}
LINE = r"\[pre-check\] check\[MARSV2\] free cpu memory [\d.]+G > [\d.]+G and free log disk [\d.]+G > [\d.]+G passed\n"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", LINE),
        ("zh", LINE.replace("pre-check", "训练前检查").replace(" check", " 检查").replace("passed", "通过")),
    ],
)
def test_its_line_comes_first(supervisors: Any, language: str, line: str) -> None:
    """In the language of who submitted, stamped like every line; not among the last lines of the task."""
    run = supervisors.python("print('hello'); raise SystemExit(3)", precheck={"language": language})
    assert supervisors.start(run).wait(20) == 0
    first, second = run.output.decode().splitlines(keepends=True)
    assert re.fullmatch(line, first)
    assert second == "hello\n"
    assert (run.end["outcome"], run.end["exit_code"], run.end["last_lines"]) == ("exited", 3, ["hello"])


def test_small_limits(supervisors: Any) -> None:
    """In M, on a disk that is small itself."""
    run = supervisors.python("pass", precheck={**ON, "log_disk_bytes": 3 << 20})
    assert supervisors.start(run).wait(20) == 0
    assert re.search(rb" and free log disk [\d.]+M > 3M passed\n", run.output)


@pytest.mark.parametrize("limit", ["memory_bytes", "log_disk_bytes"])
def test_an_unfit_node_runs_nothing(supervisors: Any, limit: str) -> None:
    """The marker says what is wrong, the log as well."""
    run = supervisors.python("open('ran', 'w')", precheck={**ON, limit: 1 << 60})
    assert supervisors.start(run).wait(20) == 0
    end = run.end
    assert (end["outcome"], end["exit_code"], end["signal"], end["last_lines"]) == ("unfit", None, None, [])
    assert end["message"].startswith("only ")
    assert re.fullmatch(rb"\[pre-check\] check\[MARSV2\] .* < \S+G .*failed: only \d+ MiB .*\n", run.output)
    assert not (Path(run.spec["workspace"]) / "ran").exists()
    assert run.started is None


def test_a_command_that_is_not_there(supervisors: Any) -> None:
    """Both are said, and only the command counts."""
    run = supervisors.run("no-such-program", precheck=ON)
    assert supervisors.start(run).wait(20) == 0
    assert re.match(LINE.encode(), run.output)
    assert run.end["outcome"] == "exec_failed"
    assert len(run.end["last_lines"]) == 1


def test_a_driver_that_never_answers_can_be_stopped(supervisors: Any, wait_until: Any, gpu_machine: GpuMachine) -> None:
    """The look waits where the command would start, not the supervisor."""
    gpu_machine.answers("nvmlInit", HANG)
    run = supervisors.python("pass", precheck=ON, ranks=[{"node": "gpu-0", "gpus": [0], "environ": {}}])
    process = supervisors.start(run)
    wait_until(lambda: gpu_machine.is_asked)
    assert run.ask("ping")["ok"]
    assert run.ask("stop", word="stop", grace_s=0.1)["ok"]
    assert process.wait(20) == 0
    assert (run.end["asked"], run.end["signal"]) in [("stop", signal.SIGTERM), ("stop", signal.SIGKILL)]


def test_a_node_with_gpus(supervisors: Any, gpu_machine: GpuMachine) -> None:
    """What they hold and how sound they are; a memory held by somebody else is a node that is not fit."""
    gpu_machine.tells(1, memory_used=2 * GIB, processes=f"4711 {2 * GIB}")
    wanted = {**ON, "gpu_memory_used_bytes": 8 * GIB}
    ranks = [{"node": "gpu-1", "gpus": [1], "environ": {}}]
    run = supervisors.python("print('hello')", precheck=wanted, ranks=ranks)
    assert supervisors.start(run).wait(20) == 0
    line = rb"\[pre-check\] .* and gpu memory in use 2048M < 8192M and gpu memory errors 0 passed\nhello\n"
    assert re.fullmatch(line, run.output)
    run = supervisors.python("pass", precheck={**wanted, "gpu_memory_used_bytes": GIB}, ranks=ranks)
    assert supervisors.start(run).wait(20) == 0
    assert (run.end["outcome"], run.end["message"]) == ("unfit", "2048 MiB of a GPU's memory are in use already")
    assert b"gpu memory in use 2048M > 1024M" in run.output
