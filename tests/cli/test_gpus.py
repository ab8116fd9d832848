"""A machine with two GPUs from end to end: nodes, the check before a task, `validate`, `prof`, `monitor`.

Everything is real but the driver's library (tests/nvml).
"""

from __future__ import annotations

import csv
import json
from typing import Any, Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import until, until_status
from tests.nvml.machine import GIB, GPU_IS_LOST, HANG, LIB_RM_VERSION_MISMATCH, GpuMachine

HOLD = "import os\nprint('pid', os.getpid(), os.environ['CUDA_VISIBLE_DEVICES'], flush=True)\nwhile True: sum(range(1000))\n"
QUICK = ("--recorder", "basic,gpu", "--interval", "basic=0.1", "gpu=0.1")


@pytest.fixture
def engine(gpu_machine: GpuMachine) -> Iterator[EngineSandbox]:
    """One node per GPU, with the checks before each task."""
    with EngineSandbox({"precheck": {"gpu_memory_used_bytes": GIB}, "stop_grace_s": 1}) as sandbox:
        yield sandbox


def held(hai: Cli) -> int:
    """A task that computes on the first node, by its process id."""
    hai.write("hold.py", HOLD)
    assert hai("python", "hold.py", "--", "--name", "held").status == 0
    until(lambda: "pid " in hai("logs", "held").out)
    return int(hai("logs", "held").out.partition("pid ")[2].split()[0])


def gpu_checks(hai: Cli, *nodes: str) -> tuple[int, dict[str, Any]]:
    done = hai("validate", "nodes", *nodes, "--json")
    reports = {report["node"]: report["checks"] for report in json.loads(done.out)}
    assert all(reports.values()), done
    return done.status, {
        node: [(check["status"], check["value"], check["text"]) for check in checks if check["name"].startswith("gpu_")]
        for node, checks in reports.items()
    }


def nodes_of(hai: Cli) -> dict[str, Any]:
    return {node["name"]: (node["gpu_num"], node["state"], node["cordon_reason"]) for node in json.loads(hai("nodes", "--json").out)}


def test_nodes_and_how_busy_they_are(hai: Cli, gpu_machine: GpuMachine) -> None:
    assert nodes_of(hai) == {"gpu-0": (1, "free", None), "gpu-1": (1, "free", None)}
    gpu_machine.tells(1, memory_used=20 * GIB, utilization=50)
    until(lambda: json.loads(hai("monitor", "cluster-overview", "--json").out)["machines"][0]["gpus"])
    overview = json.loads(hai("monitor", "cluster-overview", "--json").out)
    (machine,) = overview["machines"]
    assert [(gpu["number"], gpu["utilization_percent"], gpu["memory_used_bytes"]) for gpu in machine["gpus"]] == [
        (0, 0, 0),
        (1, 50, 20 * GIB),
    ]
    assert machine["gpus_unreadable"] is None
    until(lambda: "20.0 GiB / 80.0 GiB" in hai("monitor", "cluster-overview").out)
    assert "GPU 1  █████░░░░░  50%  ██░░░░░░░░ 20.0 GiB / 80.0 GiB  31 C  NVIDIA H100 80GB HBM3\n" in hai("monitor", "top").out
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    until(lambda: "cannot be read: GPU 0: GPU is lost" in hai("monitor", "cluster-overview").out)
    top = hai("monitor", "top").out
    assert "GPUs: GPU 0: GPU is lost\n" in top and "GPU 1  █████░░░░░  50%" in top
    gpu_machine.tells(1, memory_total=None)
    until(lambda: "GPU 1  █████░░░░░  50%    31 C  NVIDIA" in hai("monitor", "top").out)
    assert json.loads(hai("monitor", "top", "--json").out)["cluster"]["machines"][0]["gpus"][0]["memory_total_bytes"] is None


def test_validate(hai: Cli, gpu_machine: GpuMachine) -> None:
    """A GPU that is not well costs its own node, no other."""
    fine = [("passed", 0, ""), ("passed", 0, "")]
    assert gpu_checks(hai, "gpu-0", "gpu-1") == (0, {"gpu-0": fine, "gpu-1": fine})
    gpu_machine.tells(1, uncorrected=3)
    errors = ("failed", 3, "memory errors that could not be corrected on GPU 1")
    assert gpu_checks(hai, "gpu-0", "gpu-1") == (7, {"gpu-0": fine, "gpu-1": [fine[0], errors]})
    assert nodes_of(hai)["gpu-1"] == (1, "cordoned", f"validation: {errors[2]}")
    gpu_machine.tells(1, uncorrected=0, memory_used=7 * GIB, processes=f"4711 {7 * GIB}")
    in_use = ("failed", 7 * GIB, "7168 MiB of a GPU's memory are in use already")
    assert gpu_checks(hai, "gpu-1") == (7, {"gpu-1": [in_use, fine[1]]})
    gpu_machine.answers("every", GPU_IS_LOST, gpu=1)
    lost = "the GPUs do not answer: GPU 1: GPU is lost"
    assert gpu_checks(hai, "gpu-0", "gpu-1") == (
        7,
        {"gpu-0": fine, "gpu-1": [("skipped", None, lost), ("failed", None, lost)]},
    )
    chinese = hai("validate", "nodes", "gpu-1", lang="zh")
    assert "GPU 没有响应：GPU 1：" in chinese.out


def test_validate_with_a_driver_that_is_not_well(hai: Cli, gpu_machine: GpuMachine) -> None:
    """Too old to be asked is not the node's fault; another version than its library, or no answer, is."""
    gpu_machine.has_driver(390)
    status, checks = gpu_checks(hai, "gpu-0")
    assert (status, checks["gpu-0"][1]) == (0, ("skipped", None, "not read: the driver is older than the library nvidia-ml-py"))
    gpu_machine.has_driver(570)
    gpu_machine.answers("nvmlInit", LIB_RM_VERSION_MISMATCH)
    status, checks = gpu_checks(hai, "gpu-0")
    assert status == 7 and "the driver in use and its library are of different versions" in checks["gpu-0"][1][2]
    gpu_machine.answers("nvmlInit", HANG)
    status, checks = gpu_checks(hai, "gpu-0")
    assert (status, checks["gpu-0"][1]) == (7, ("failed", None, "the GPUs do not answer: the driver has not answered within 20 s"))


def test_a_task_on_a_node_that_is_not_fit(hai: Cli, gpu_machine: GpuMachine) -> None:
    """It goes to the other one, and the first is cordoned."""
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    held(hai)
    assert nodes_of(hai) == {"gpu-0": (1, "cordoned", "the GPUs do not answer: GPU 0: GPU is lost"), "gpu-1": (1, "working", None)}
    log = hai("logs", "held").out
    assert "gpu memory in use 0M < 1024M and gpu memory errors 0 passed\n" in log and log.splitlines()[-1].endswith(" 1")


def test_prof(hai: Cli, gpu_machine: GpuMachine) -> None:
    """The GPU of the task's node, how much of it the task's processes hold; an older driver; one that is lost meanwhile."""
    pid = held(hai)
    assert "| gpu_0_utilization | 0 % " in hai("prof", "held", "--time", "0.3", *QUICK).out
    gpu_machine.tells(0, memory_used=6 * GIB, utilization=93, processes=f"{pid} {5 * GIB}\n1 {GIB}")
    done = hai("prof", "held", "--time", "0.5", "--recorder", "basic,gpu", "--interval", "basic=0.1", "gpu=0.1", "-d", "p")
    assert done.status == 0, done.err
    for text in ("| gpu_0_utilization |", " 93 % ", "| gpu_0_task_memory |", " 5.0 GiB ", "| gpu_0_power ", "rank_0_gpu.csv"):
        assert text in done.out
    with (hai.cwd / "p" / "rank_0_gpu.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 2 and {row["gpu"] for row in rows} == {"0"}
    assert (rows[0]["task_memory_bytes"], rows[0]["memory_used_bytes"]) == (str(5 * GIB), str(6 * GIB))
    metrics = json.loads(hai("prof", "held", "--time", "0.3", *QUICK, "--json").out)["ranks"][0]["metrics"]
    gpu = {metric["name"]: metric for metric in metrics if metric["gpu"] == 0}
    assert (gpu["utilization_percent"]["mean"], gpu["power_w"]["unit"], gpu["temperature_c"]["peak"]) == (93, "watt", 31)
    gpu_machine.has_driver(440)
    assert hai("prof", "held", "--time", "0.3", *QUICK, "-o", "name").status == 0
    gpu_machine.has_driver(570)
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    done = hai("prof", "held", "--time", "0.3", *QUICK)
    assert "rank 0, gpu: the GPUs of this node do not answer: GPU 0: GPU is lost\n" in done.err and "| cpu " in done.out
    gpu_machine.answers("every", HANG, gpu=0)
    done = hai("prof", "held", "--time", "0.3")
    assert done.status == 0 and "rank 0, gpu: the GPUs of this node do not answer: the driver has not answered within 5 s" in done.err
    assert hai("stop", "held").status == 0
    until_status(hai, "held", "finished")
