"""Memory that the daemon holds when idle, and each supervisor beside what it shares with its launcher."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.measure import Row, most_row
from hfai.testing import EngineSandbox

TITLE = "Memory"


def _unshared_mib(pid: int) -> float:
    """Private memory of a process in MiB (clean and dirty), from its smaps_rollup."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = sum(
        int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Private_Clean:", "Private_Dirty:"))
    )
    return kib / 1024


def measure() -> list[Row]:
    import json

    import hfai.client

    with EngineSandbox({"precheck": "on"}) as engine, tempfile.TemporaryDirectory() as work:
        os.environ.update(engine.env)
        (Path(work) / "hold.sh").write_text("echo held\nexec sleep 600\n")
        daemon = json.loads((Path(engine.env["HFAI_ENGINE_DIR"]) / "endpoint.json").read_text())["pid"]
        idle = _unshared_mib(daemon)
        task = hfai.client.create_experiment_v2(
            {
                "version": 2,
                "name": "held",
                "priority": 30,
                "spec": {"workspace": work, "entrypoint": "hold.sh"},
                "resource": {"node_count": 4},
            }
        )
        ranks = Path(engine.env["HFAI_ENGINE_DIR"]) / "runs" / str(task.id // 1000) / str(task.id)
        for rank in range(4):
            next(iter(hfai.client.stream_logs(task, rank=rank, follow=True)))
        supervisors = [
            json.loads((ranks / str(rank) / "started.json").read_text())["supervisor_pid"] for rank in range(4)
        ]
        each = max(_unshared_mib(pid) for pid in supervisors)
        task.stop()
        hfai.client.wait(task, timeout=30)
    return [
        most_row("daemon, idle", idle, "MB", 60, "private pages"),
        most_row("a supervisor, the largest of four", each, "MB", 8, "private pages"),
    ]
