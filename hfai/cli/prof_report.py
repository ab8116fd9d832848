"""What ``prof`` prints of a profile."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Sequence

from hfai.cli.language import tr
from hfai.cli.output import Column, headline, table_of
from hfai.cli.sizes import size_text
from hfai.cli.sparkline import sparkline

if TYPE_CHECKING:
    from hfai.client import HotFunction, Metric, Profile, RankProfile

_HOTTEST = 10
_LIBRARY = re.compile(r".*/(site-packages|dist-packages|lib/python3\.\d+t?)/")
_MOST_PROCESSES = 10
_UNITS: dict[str, Callable[[float], str]] = {
    "percent": lambda value: f"{value:.0f} %",
    "bytes": size_text,
    "bytes_per_s": lambda value: f"{size_text(value)}/s",
    "count": lambda value: f"{value:.4g}",
    "watt": lambda value: f"{value:.0f} W",
    "celsius": lambda value: f"{value:.0f} °C",
}
_METRICS = (
    Column("metric", lambda metric: _title(metric)),
    Column("mean", lambda metric: _UNITS[metric.unit](metric.mean)),
    Column("peak", lambda metric: _UNITS[metric.unit](metric.peak)),
    Column("over_time", lambda metric: sparkline(metric.values)),
)
_FUNCTIONS = (
    Column("self", lambda hot: f"{hot.self_share:.1%}"),
    Column("total", lambda hot: f"{hot.total_share:.1%}"),
    Column("function", lambda hot: hot.function),
    Column("place", lambda hot: _place(hot)),
)
_PROCESSES = (
    Column("pid", lambda one: one["pid"]),
    Column("name", lambda one: one["name"]),
    Column("cpu_mean", lambda one: f"{one['cpu_percent_mean']:.0f} %"),
    Column("memory_peak", lambda one: size_text(one["memory_rss_bytes_peak"])),
)


def profile_text(profile: Profile, directory: Path, files: Sequence[Path]) -> str:
    """The summary for people: per rank what was measured, the processes, the functions; then where the files are."""
    text = "".join(_rank_text(rank) for rank in profile.ranks)
    if not files:
        return text
    names = "".join(f"  {path.name}\n" for path in files)
    return f"{text}{tr('files in {directory}:', directory=directory)}\n{names}"


def _rank_text(rank: RankProfile) -> str:
    text = headline(f"rank {rank.rank}, {rank.node}, {rank.elapsed_s:.1f} s")
    if rank.metrics:
        # What stays at nothing is left out, but not that a GPU has nothing to do.
        text += table_of(_METRICS, [metric for metric in rank.metrics if metric.peak > 0 or metric.name == "utilization_percent"])
    processes = _processes(rank)
    if len(processes) > 1:
        text += table_of(_PROCESSES, processes[:_MOST_PROCESSES])
        if len(processes) > _MOST_PROCESSES:
            text += tr("and {count} more processes", count=len(processes) - _MOST_PROCESSES) + "\n"
    if rank.stacks.threads:
        counts = {"count": rank.stacks.count, "threads": len(rank.stacks.threads)}
        text += tr("Python: {count} samples; threads: {threads}", **counts) + "\n"
        text += table_of(_FUNCTIONS, rank.hottest(_HOTTEST))
    return text


def profile_json(profile: Profile, directory: Path, files: Sequence[Path]) -> dict[str, Any]:
    """The same for programs: docs/json.md."""
    return {
        "id": profile.id,
        "nb_name": profile.name,
        "directory": str(directory.absolute()),
        "files": [path.name for path in files],
        "ranks": [_rank_json(rank) for rank in profile.ranks],
    }


def _rank_json(rank: RankProfile) -> dict[str, Any]:
    from hfai.cli.wording import said

    functions = [hot._asdict() for hot in rank.hottest(_HOTTEST)]
    python = {"samples": rank.stacks.count, "threads": len(rank.stacks.threads), "functions": functions}
    return {
        "rank": rank.rank,
        "node": rank.node,
        "run": rank.run,
        "elapsed_s": rank.elapsed_s,
        "ended_by": rank.ended_by,
        "skipped": {recorder: said(why) for recorder, why in rank.skipped.items()},
        "metrics": [{**metric._asdict(), "values": list(metric.values)} for metric in rank.metrics],
        "processes": _processes(rank),
        "python": python if rank.stacks.threads else None,
    }


def _processes(rank: RankProfile) -> list[dict[str, Any]]:
    """Every process that was seen, the busiest first."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rank.processes:
        found.setdefault(row["pid"], []).append(row)
    whole = max(1, len(rank.basic))
    processes = [
        {
            "pid": pid,
            "name": rows[-1]["name"],
            "cpu_percent_mean": round(sum(row["cpu_percent"] for row in rows) / whole, 1),
            "memory_rss_bytes_peak": max(row["memory_rss_bytes"] for row in rows),
        }
        for pid, rows in found.items()
    ]
    return sorted(processes, key=lambda one: (-one["cpu_percent_mean"], one["pid"]))


def _title(metric: Metric) -> str:
    """Its name without the unit, which stands with the figures."""
    name = metric.name
    for unit in ("_bytes_per_s", "_percent", "_bytes", "_w", "_c"):
        name = name.removesuffix(unit)
    return name if metric.gpu is None else f"gpu_{metric.gpu}_{name}"


def _place(hot: HotFunction) -> str:
    """File and line, the file as short as it can be said: from here, or from where packages are installed."""
    path = hot.file
    if path.startswith(os.sep):
        short = os.path.relpath(path)
        path = _LIBRARY.sub("", path) if short.startswith("..") else short
    return f"{path}:{hot.line}"
