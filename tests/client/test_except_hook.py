"""``bind_hf_except_hook`` and ``self_health_check``: in a task of a real engine, in a simulation, and outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

from hfai.client import Experiment, _session, create_experiment_v2, wait
from hfai.testing import EngineSandbox
from tests.nvml.machine import GPU_IS_LOST, GpuMachine

# The main process would wait for its child's barrier for ever.
HANGS = """
import multiprocessing, sys
from hfai.client import bind_hf_except_hook

def child(barrier, number):
    if number == 1:
        raise ValueError("the data is broken")
    barrier.wait()

class Worker(multiprocessing.get_context(sys.argv[1]).Process):
    pass

if __name__ == "__main__":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[2] == "stubborn" else signal.SIG_DFL)
    bind_hf_except_hook(Worker)
    bind_hf_except_hook(Worker)
    barrier = multiprocessing.get_context(sys.argv[1]).Barrier(3)
    workers = [Worker(target=child, args=(barrier, number)) for number in range(2)]
    for worker in workers:
        worker.start()
    print("waiting", flush=True)
    barrier.wait()
"""
CHECKS = """
import os, time
from hfai.client import self_health_check
print("begin", flush=True)
if int(os.environ["RANK"]):
    time.sleep(300)
self_health_check()
"""
TASKLESS = {k: v for k, v in os.environ.items() if not k.startswith(("HFAI_", "MARSV2_"))}


@pytest.fixture
def submit(
    engine_sandbox: EngineSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Experiment]]:
    monkeypatch.setenv("MARSV2_SERVER", engine_sandbox.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", engine_sandbox.token)

    def submitted(
        code: str, parameters: str = "", environ: Optional[dict[str, str]] = None, nodes: int = 1
    ) -> Experiment:
        (tmp_path / "task.py").write_text(code)
        spec: dict[str, Any] = {"workspace": str(tmp_path), "entrypoint": "task.py", "parameters": parameters}
        spec["environments"] = environ or {}
        body = {"version": 2, "name": "hooked", "spec": spec, "resource": {"node_count": nodes}}
        return create_experiment_v2(body)

    yield submitted
    _session.current().close()


@pytest.mark.parametrize(
    ("method", "manner", "number"), [("fork", "meek", 15), ("spawn", "meek", 15), ("fork", "stubborn", 9)]
)
def test_a_child_that_fails_ends_the_task(
    submit: Callable[..., Experiment], method: str, manner: str, number: int
) -> None:
    """At once, with the traceback in the log, also where the main process does not listen."""
    task = wait(submit(HANGS, f"{method} {manner}"), timeout=60)
    assert task.end is not None
    assert (task.end.cause.value, task.end.signal, task.exit_status) == ("user_code", number, 128 + number)
    assert "ValueError: the data is broken" in task.log(0)
    assert "this node is healthy: the task ends" in task.log(0)


def test_a_healthy_node(submit: Callable[..., Experiment]) -> None:
    """The task has failed with status 1, and its other rank is stopped."""
    task = wait(submit(CHECKS, nodes=2), timeout=60)
    assert task.end is not None
    assert (task.end.cause.value, task.end.rank, task.exit_status, len(task.id_list)) == ("user_code", 0, 1, 1)


def test_a_node_whose_gpus_do_not_answer(submit: Callable[..., Experiment], gpu_machine: GpuMachine) -> None:
    """The task is queued again; it does not count as failed."""
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    environ = {**gpu_machine.environ, "CUDA_VISIBLE_DEVICES": "0"}
    task = submit(CHECKS, environ=environ)
    deadline = time.monotonic() + 60
    while len(task.refresh().id_list) < 2:
        assert time.monotonic() < deadline, task.to_dict()
        time.sleep(0.02)
    assert (task.suspensions[0].by, task.worker_status_list[0]) == ("task", "stopped")
    assert "the GPUs do not answer: GPU 0: GPU is lost" in task.log(0)
    task.stop()
    wait(task, timeout=30)


def run(path: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, path, *words],
        capture_output=True,
        text=True,
        env={**TASKLESS, **environ},
        timeout=60,
        check=False,
    )


def test_in_a_simulation(tmp_path: Path) -> None:
    """As in a task: nothing is left that waits."""
    (tmp_path / "task.py").write_text(HANGS)
    done = run(tmp_path / "task.py", "fork", "meek", HFAI_SIMULATE="1")
    assert done.returncode == -15
    assert "ValueError: the data is broken" in done.stderr and "this node is healthy" in done.stderr
    (tmp_path / "task.py").write_text(CHECKS)
    done = run(tmp_path / "task.py", HFAI_SIMULATE="1", RANK="0", MARSV2_TASK_WORKSPACE=str(tmp_path / "gone"))
    assert done.returncode == 1
    assert "the workspace cannot be reached" in done.stderr and "is started again" in done.stderr


def test_outside_a_task(tmp_path: Path) -> None:
    """The class is left alone, and the check does nothing."""
    (tmp_path / "task.py").write_text("""
import multiprocessing
from hfai.client import bind_hf_except_hook, self_health_check
before = multiprocessing.Process.start
print(bind_hf_except_hook(multiprocessing.Process), self_health_check(), multiprocessing.Process.start is before)
""")
    done = run(tmp_path / "task.py")
    assert (done.returncode, done.stdout) == (0, "None None True\n")
    assert done.stderr == "hfai: bind_hf_except_hook(): this process is not part of a task, nothing is done\n"
