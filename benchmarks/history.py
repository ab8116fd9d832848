"""A store with 10^6 finished runs beside one with 10^3: lists, status and submissions must not feel the difference."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Row, alternate, ratio_row, script, spend
from hfai.testing import EngineSandbox

TITLE = "History"
RUNS = 15
SMALL, LARGE = 1_000, 1_000_000


def _fill(database: Path, count: int) -> None:
    """Copy the one finished chain of a store until it has ``count``; the store's own triggers and indexes do their work."""
    with closing(sqlite3.connect(database)) as db, db:
        for table, key in (("chains", "first_id"), ("runs", "id")):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            fresh = {
                key: f"{key} + n",
                "first_id": "first_id + n",
                "newest_id": "newest_id + n",
                "chain_id": "lower(hex(randomblob(16)))",
                "nb_name": "'history' || n",
            }
            values = ", ".join(fresh.get(column, column) for column in columns)
            db.execute(
                f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1}) "
                f"INSERT INTO {table} SELECT {values} FROM {table}, numbers WHERE {table}.{key} = 1"
            )


def _prepare(engine: EngineSandbox, work: str, count: int) -> dict[str, str]:
    env = {**os.environ, **engine.env}
    spend([script("hai-cli"), "bash", "done.sh", "--", "-n", "1", "--name", "template", "-f"], env, work)
    engine.kill()
    _fill(Path(engine.env["HFAI_ENGINE_DIR"]) / "engine.db", count)
    engine.restart()
    return env


def measure() -> list[Row]:
    rows = []
    with EngineSandbox() as small, EngineSandbox() as large, tempfile.TemporaryDirectory() as work:
        (Path(work) / "done.sh").write_text("exit 0\n")
        envs = [_prepare(small, work, SMALL), _prepare(large, work, LARGE)]
        numbers = iter(range(10**6))

        def submit(env: dict[str, str]) -> float:
            return spend(
                [script("hai-cli"), "bash", "done.sh", "--", "-n", "1", "--name", f"new{next(numbers)}"], env, work
            )

        commands = {
            "`hai-cli list`": lambda env: spend([script("hai-cli"), "list"], env),
            "`hai-cli list --page 2 --name history9`": lambda env: spend(
                [script("hai-cli"), "list", "--page", "2", "--name", "history9"], env
            ),
            "`hai-cli status` of an old task": lambda env: spend([script("hai-cli"), "status", "history500"], env),
            "a submission": submit,
        }
        for what, command in commands.items():
            with_small, with_large = alternate(
                RUNS, lambda command=command: command(envs[0]), lambda command=command: command(envs[1])
            )
            rows.append(ratio_row(f"{what} with 10^6 finished runs", with_large, "the same with 10^3", with_small, 1.2))
    return rows
