"""How many submissions are taken and how many tiny tasks are carried through in a second."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Row, least_row, peer_row
from hfai.testing import EngineSandbox

TITLE = "Throughput"
COUNT = 1000


def _task(work: str, name: str, entrypoint: str) -> dict[str, object]:
    return {
        "version": 2,
        "name": name,
        "priority": 30,
        "spec": {"workspace": work, "entrypoint": entrypoint, "entrypoint_executable": entrypoint == "true"},
        "resource": {"node_count": 1},
    }


def _accepted_per_s(work: str) -> float:
    """Submissions per second of one client; durable when answered. One task holds each node meanwhile."""
    import hfai.client

    holders = [hfai.client.create_experiment_v2(_task(work, f"holder{n}", "hold.sh")) for n in range(4)]
    for holder in holders:
        hfai.client.wait(holder, until="running", timeout=30)
    began = time.perf_counter()
    queued = [hfai.client.create_experiment_v2(_task(work, f"queued{n}", "true")) for n in range(COUNT)]
    rate = COUNT / (time.perf_counter() - began)
    for experiment in queued + holders:
        experiment.stop()
    for holder in holders:
        hfai.client.wait(holder, timeout=30)
    return rate


def _completed_per_s(work: str) -> float:
    """Tiny tasks per second from the first submission to the end of the last."""
    import hfai.client

    began = time.perf_counter()
    tasks = [hfai.client.create_experiment_v2(_task(work, f"tiny{n}", "true")) for n in range(COUNT)]
    for task in reversed(tasks):
        hfai.client.wait(task, timeout=300)
    rate = COUNT / (time.perf_counter() - began)
    total, newest = hfai.client.get_experiments(1, 50, nb_name_pattern="tiny")
    if total != COUNT or any(task.end is None or task.end.cause != "succeeded" for task in newest):
        raise RuntimeError(f"{total} tiny tasks are known, not {COUNT}, or one of the newest did not succeed")
    return rate


def measure() -> list[Row]:
    with EngineSandbox({"precheck": "on"}) as engine, tempfile.TemporaryDirectory() as work:
        os.environ.update(engine.env)
        (Path(work) / "hold.sh").write_text("sleep 600\n")
        rows = [
            least_row("submissions accepted and durable, one SDK client", _accepted_per_s(work), "/s", 500),
            least_row("tiny tasks completed end to end", _completed_per_s(work), "/s", 100),
        ]
        rates = peers.tsp_rates(work, 300)
        if rates:
            rows += [
                peer_row("task-spooler: submissions", rates[0], "/s"),
                peer_row("task-spooler: tiny tasks", rates[1], "/s"),
            ]
        rate = peers.submitit_rate(work)
        if rate:
            rows.append(peer_row("submitit: tiny tasks", rate, "/s"))
        peers.close()
    return rows
