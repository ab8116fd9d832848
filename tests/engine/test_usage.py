"""How busy the machine is and what ranks use of it: real processes, and readers of GPUs that answer, are silent or die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from hfai.engine.gpu_watch import GpuWatch
from hfai.engine.usage import Rank, UsageMeter
from hfai.node import machine
from tests.nvml.machine import GIB, GPU_IS_LOST, HANG, GpuMachine

DEADLINE_S = 30.0
BURN = "import sys\nfill = bytearray(30 << 20)\nprint('ready', flush=True)\nwhile True: pass"
# A supervisor has the command as its child.
PARENT = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.fixture
def rank(tmp_path: Path) -> Iterator[Rank]:
    """A rank whose command uses a processor and 30 MiB."""
    with subprocess.Popen([sys.executable, "-c", PARENT, BURN], stdout=subprocess.PIPE, start_new_session=True) as parent:
        try:
            assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
            (tmp_path / "started.json").write_text(json.dumps({"supervisor_pid": parent.pid}))
            yield Rank("cpu-0", 7, 0, tmp_path)
        finally:
            for process in machine.descendants(machine.read_processes(), [parent.pid])[parent.pid]:
                with contextlib.suppress(ProcessLookupError):
                    subprocess.run(["kill", "-9", str(process.pid)], check=False)
            parent.kill()


async def measured(meter: UsageMeter, *ranks: Rank) -> dict[str, Any]:
    try:
        return await meter.usage(ranks)
    finally:
        await meter.close()


def test_a_rank_that_works(rank: Rank) -> None:
    """Its children count, and only they; a first look has percentages already."""
    (row,) = asyncio.run(measured(UsageMeter(), rank))["nodes"]
    assert (row["name"], row["run_id"], row["rank"], row["processes"]) == ("cpu-0", 7, 0, 1)
    assert row["memory_bytes"] > 30 << 20
    assert row["cpu_percent"] > 0


def test_a_machine() -> None:
    (host,) = asyncio.run(measured(UsageMeter()))["machines"]
    assert 0 <= host["cpu_percent"] <= 100 and host["cpu_count"] >= 1
    assert 0 < host["memory_used_bytes"] < host["memory_bytes"]
    assert host["gpus"] == [] and host["gpus_unreadable"] is None


def test_a_rank_that_has_not_begun(tmp_path: Path) -> None:
    (row,) = asyncio.run(measured(UsageMeter(), Rank("cpu-0", 1, 0, tmp_path)))["nodes"]
    assert (row["processes"], row["memory_bytes"], row["cpu_percent"]) == (0, 0, 0.0)


def test_those_who_look_at_once_share_a_look(rank: Rank) -> None:
    async def ask() -> tuple[Any, Any]:
        meter = UsageMeter()
        return await asyncio.gather(meter.usage([rank]), meter.usage([rank]))  # type: ignore[return-value]

    first, second = asyncio.run(ask())
    assert first is second


def reader(tmp_path: Path, text: str) -> tuple[str, ...]:
    (tmp_path / "reader.py").write_text(text)
    return (sys.executable, str(tmp_path / "reader.py"))


def asked(watch: GpuWatch, times: int = 1) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        try:
            return [await watch.read() for _ in range(times)]
        finally:
            await watch.close()

    return asyncio.run(ask())


def test_one_reader_answers_again_and_again(tmp_path: Path) -> None:
    text = "import json, os, sys\nfor line in sys.stdin: print(json.dumps({'gpus': [{'pid': os.getpid()}]}), flush=True)"
    first, second = asked(GpuWatch(reader(tmp_path, text)), 2)
    assert first == second and first["gpus"]


def test_a_reader_that_a_broken_driver_keeps(tmp_path: Path) -> None:
    """Is given up, and the driver left alone for a while: who looks again waits no second time."""
    text = "import time\ntime.sleep(600)"
    began = time.monotonic()
    answers = asked(GpuWatch(reader(tmp_path, text), answer_s=0.5), 200)
    assert {answer["unreadable"] for answer in answers} == {"the driver has not answered within 0.5 s"}
    assert time.monotonic() - began < DEADLINE_S


def test_a_reader_that_dies(tmp_path: Path) -> None:
    (answer,) = asked(GpuWatch(reader(tmp_path, "import os\nos.abort()")))
    assert "ended without an answer" in answer["unreadable"]


def test_the_real_reader_without_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says why it cannot tell, each time it is asked, in one process."""
    (tmp_path / "pynvml.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    first, second = asked(GpuWatch(), 2)
    assert first == second and "nvidia-ml-py" in first["unreadable"] and first["gpus"] == []


def test_the_real_reader_with_two_gpus(gpu_machine: GpuMachine) -> None:
    """Through the one door to NVML; what a GPU does not tell is null."""
    gpu_machine.tells(0, memory_used=8 * GIB, utilization=87, power_mw=None)
    (host,) = asyncio.run(measured(UsageMeter(GpuWatch())))["machines"]
    first, second = host["gpus"]
    assert (first["number"], second["number"], first["name"]) == (0, 1, "NVIDIA H100 80GB HBM3")
    assert (first["utilization_percent"], first["temperature_c"], first["power_w"]) == (87, 31, None)
    assert (first["memory_used_bytes"], first["memory_total_bytes"]) == (8 * GIB, 80 * GIB)
    assert host["gpus_unreadable"] is None


def test_a_gpu_that_is_lost_is_named_beside_the_others(gpu_machine: GpuMachine) -> None:
    gpu_machine.answers("every", GPU_IS_LOST, gpu=0)
    (host,) = asyncio.run(measured(UsageMeter(GpuWatch())))["machines"]
    assert [gpu["number"] for gpu in host["gpus"]] == [1]
    assert host["gpus_unreadable"] == "GPU 0: GPU is lost"


def test_a_driver_that_keeps_the_real_reader(gpu_machine: GpuMachine) -> None:
    gpu_machine.answers("nvmlInit", HANG)
    (answer,) = asked(GpuWatch(answer_s=1.0))
    assert answer["unreadable"] == "the driver has not answered within 1 s"
