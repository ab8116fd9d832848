"""One `plan()` over 10,000 queued tasks and 2,000 nodes, and one submission into that state, carried through to its first line."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, most_row, peer_row
from hfai.engine.policy.plan import plan
from hfai.engine.policy.snapshot import PolicyNode, PolicySettings, QueuedTask, RunningTask, Snapshot
from hfai.testing import EngineSandbox

TITLE = "Planning"
NODES, QUEUED = 2_000, 10_000
NOW = 100_000.0


def _snapshot() -> Snapshot:
    """A busy cluster: 50 users, tasks of 1 to 64 nodes, all priorities, slices in every stage."""
    chance = random.Random(1)
    running, place = [], 0
    while place < NODES - 100:
        names = tuple(f"n{number}" for number in range(place, min(place + chance.choice([1, 2, 4, 8]), NODES - 100)))
        started_at = NOW - chance.randrange(8_000)
        priority = chance.choice([10, 30])
        running.append(RunningTask(len(running), f"u{chance.randrange(50)}", "g", priority, names, started_at))
        place += len(names)
    queued = tuple(
        QueuedTask(
            100_000 + number,
            f"u{chance.randrange(50)}",
            "g",
            chance.choice([-1, 10, 20, 30, 40]),
            chance.choice([1, 2, 4, 8, 64]),
            NOW - chance.randrange(5_000),
        )
        for number in range(QUEUED)
    )
    return Snapshot(tuple(PolicyNode(f"n{number}", "g") for number in range(NODES)), tuple(running), queued)


def _plan_ms() -> float:
    snapshot, settings = _snapshot(), PolicySettings()
    spent = []
    for _ in range(15):
        began = time.perf_counter()
        plan(snapshot, settings, NOW)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1e3


def _submissions_ms(work: str) -> list[float]:
    """Milliseconds from a submission at HIGH to its first line while 10,000 tasks wait for their user's quota."""
    import hfai.client

    def task(name: str, entrypoint: str, priority: int) -> dict[str, object]:
        spec = {"workspace": work, "entrypoint": entrypoint}
        return {"version": 2, "name": name, "priority": priority, "spec": spec, "resource": {"node_count": 1}}

    for number in range(QUEUED):
        hfai.client.create_experiment_v2(task(f"waiting{number}", "hold.sh", 10))
    spent = []
    for number in range(9):
        began = time.perf_counter()
        urgent = hfai.client.create_experiment_v2(task(f"urgent{number}", "hello.sh", 30))
        next(iter(hfai.client.stream_logs(urgent, follow=True)))
        spent.append((time.perf_counter() - began) * 1e3)
        hfai.client.wait(urgent, timeout=60)
    return spent


def measure() -> list[Row]:
    quota = {"user": "*", "group": "default", "priority": "NORMAL", "nodes": 1}
    with EngineSandbox({"nodes": NODES, "quotas": [quota]}) as engine, tempfile.TemporaryDirectory() as work:
        os.environ.update(engine.env)
        (Path(work) / "hold.sh").write_text("exec sleep 3600\n")
        (Path(work) / "hello.sh").write_text("echo hello\n")
        spent = _submissions_ms(work)
    return [
        most_row("one `plan()` over 10,000 queued tasks and 2,000 nodes", _plan_ms(), "ms", 50),
        most_row("a submission into that state, to its first line, median", statistics.median(spent), "ms", 100),
        peer_row("... the slowest of nine", max(spent), "ms"),
    ]
