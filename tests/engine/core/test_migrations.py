"""A database of an older version opens, and what was in it goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from hfai.engine.store.migrations import MIGRATIONS


def test_from_the_first_version(bench: Any) -> None:
    """A running and a waiting task, written before there was time-sharing."""
    bench.state_dir.mkdir()
    schema = '{"version": 2, "name": "%s", "spec": {"entrypoint": "a.py"}, "resource": {"group": "default"}}'
    with sqlite3.connect(bench.state_dir / "engine.db") as old:
        old.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        for number, (name, status, queue) in enumerate(
            (("running", "running", "scheduled"), ("waiting", "waiting_init", "queued")), 1
        ):
            jobs = '[[0,"running","cpu-0",5,5,null,null,[]]]' if queue == "scheduled" else None
            old.execute(
                "INSERT INTO runs (id, first_id, queue_status, worker_status, created_at, begin_at, whole_life_state, jobs) "
                "VALUES (?, ?, ?, 'running', 5, 6, 7, ?)",
                (number, number, queue, jobs),
            )
            old.execute(
                "INSERT INTO chains VALUES (?, ?, 'someone', ?, 'training', 'default', 1, -1, ?, 5, ?, 'running', 0, NULL, "
                "'default', '/w', 'a.py', ?)",
                (number, f"chain-{number}", name, number, status, schema % name),
            )
    old.close()

    async def work() -> None:
        async with bench.running():
            assert bench.executor.adopted == {1: None}
            assert set(bench.executor.orders) == {1, 2}, "the one that waited has started"
            bench.executor.end(1)
            bench.executor.end(2)
            bench.engine.tick()
            assert bench.engine.queue_counts() == []

    asyncio.run(work())
