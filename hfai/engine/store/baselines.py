"""What the good runs of a node's checks measured, by method: what it is compared with later."""

from __future__ import annotations

import json
import statistics

from hfai.engine.store.database import Database

# The first that were good. Later ones don't count: a node that slowly gets worse must not take its measure along.
RUNS = 3


def add_speed(db: Database, node: str, method: str, speed: float) -> None:
    """Take a good run into account while there are not enough; inside a transaction."""
    row = db.one("SELECT speeds FROM baselines WHERE node = ? AND method = ?", (node, method))
    speeds = json.loads(row[0]) if row else []
    if len(speeds) < RUNS:
        db.execute(
            "INSERT OR REPLACE INTO baselines (node, method, speeds) VALUES (?, ?, ?)",
            (node, method, json.dumps([*speeds, speed])),
        )


def baseline_of(db: Database, node: str) -> dict[str, float]:
    """By method, the middle of the first good runs; none before there are enough."""
    rows = db.all("SELECT method, speeds FROM baselines WHERE node = ?", (node,))
    found = {method: json.loads(speeds) for method, speeds in rows}
    return {method: statistics.median(speeds) for method, speeds in found.items() if len(speeds) >= RUNS}


def forget_baseline(db: Database, node: str) -> None:
    """Whatever comes next is the new measure; inside a transaction."""
    db.execute("DELETE FROM baselines WHERE node = ?", (node,))
