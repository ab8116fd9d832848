"""The files of a profile."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Sequence

from hfai.client._profile._flamegraph import flamegraph
from hfai.client._profile._speedscope import speedscope

if TYPE_CHECKING:
    from hfai.client._profile._profile import RankProfile


def write_rank(rank: RankProfile, name: str, directory: Path) -> list[Path]:
    """Write what there is of one rank; the paths."""
    begin = directory / f"rank_{rank.rank}_"
    tables = {"basic": rank.basic, "processes": rank.processes, "gpu": rank.gpu}
    written = [_write_csv(Path(f"{begin}{kind}.csv"), rows) for kind, rows in tables.items() if rows]
    if rank.stacks.threads:
        title = f"{name}, rank {rank.rank} on {rank.node} (run {rank.run})"
        written.append(Path(f"{begin}stacks.speedscope.json"))
        written[-1].write_text(json.dumps(speedscope(rank.stacks, title), ensure_ascii=False), encoding="utf-8")
        note = f"{rank.stacks.count} samples of {len(rank.stacks.threads)} threads, one every {rank.stacks.interval_s:g} s"
        written.append(Path(f"{begin}flamegraph.svg"))
        written[-1].write_text(flamegraph(rank.stacks, title, note), encoding="utf-8", errors="replace")
    return written


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    columns = ["time", *(name for name in rows[0] if name != "at")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            values = {name: value for name, value in row.items() if name != "at"}
            writer.writerow({"time": datetime.fromtimestamp(row["at"]).isoformat(timespec="milliseconds"), **values})
    return path
