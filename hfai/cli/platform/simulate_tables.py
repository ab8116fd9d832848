"""The figures of a simulation as two tables: what the cluster did, and how long tasks waited."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from hfai.cli.language import mark, tr
from hfai.cli.output import room
from hfai.cli.table import table

_BOTH = ("time_sharing", "fifo")
_SPREAD = ("mean", "p50", "p95")
# Names of the report's classes of size.
_SIZES = (
    mark("1 node"),
    mark("2 nodes"),
    mark("3-4 nodes"),
    mark("5-8 nodes"),
    mark("9+ nodes"),
)


def simulate_tables(report: Mapping[str, Any]) -> str:
    """What ``platform simulate`` prints of a report of :func:`hfai.engine.simulate.report.simulate`."""
    head = tr(
        "tasks: {tasks}, arriving over {span}; nodes: {nodes}; offered load: {load}",
        tasks=report["jobs"],
        span=duration(report["arriving_s"]),
        nodes=report["nodes"],
        load=_share(report["offered_load"]),
    )
    cluster = table(["", tr("time-sharing"), "FIFO"], _cluster_rows(report), room=room())
    columns = [f"{name}: {part}" for name in (tr("time-sharing"), "FIFO") for part in _SPREAD]
    waits = table([tr("time in the queue"), tr("tasks"), *columns], _wait_rows(report), room=room())
    return f"{head}\n{cluster}{waits}"


def _cluster_rows(report: Mapping[str, Any]) -> list[list[str]]:
    work = report["nodes"] * report["arriving_s"] * (report["offered_load"] or 0)
    rows: dict[str, Callable[[Mapping[str, Any]], str]] = {
        tr("nodes in use while tasks arrive"): lambda f: f"{f['mean_in_use']:.2f} ({_share(f['utilisation'])})",
        tr("work done, of perfect packing"): lambda f: _share(f["of_perfect_packing"]),
        tr("longest wait for the first start"): lambda f: duration(f["first_start_max_s"]),
        tr("interruptions per task: mean, most"): lambda f: f"{f['interruptions_mean']:.2f}, {f['interruptions_max']}",
        tr("most interruptions of a task in a day"): lambda f: f"{f['interruptions_per_day_max']:.1f}",
        tr("node time lost to restarts"): lambda f: (
            f"{duration(f['lost_to_restarts_node_s'])} ({_share(f['lost_to_restarts_node_s'] / work if work else None)})"
        ),
    }
    return [[name, *(cell(report[which]) for which in _BOTH)] for name, cell in rows.items()]


def _wait_rows(report: Mapping[str, Any]) -> list[list[str]]:
    ours, fifo = (report[which] for which in _BOTH)
    pairs = {
        tr("all tasks"): (ours["wait_s"], fifo["wait_s"]),
        tr("work under one hour"): (ours["wait_under_one_hour_s"], fifo["wait_under_one_hour_s"]),
    }
    sizes = ours["wait_by_size_s"]
    pairs.update({tr(size): (sizes[size], fifo["wait_by_size_s"][size]) for size in _SIZES if size in sizes})
    for name, spread in ours["wait_by_priority_s"].items():
        pairs[name] = (spread, fifo["wait_by_priority_s"][name])
    return [
        [name, str(pair[0]["count"]), *(duration(spread[part]) for spread in pair for part in _SPREAD)]
        for name, pair in pairs.items()
    ]


def duration(seconds: float) -> str:
    """Seconds as people read them: ``48 s``, ``12.5 min``, ``3.2 h``, ``8.0 d``.

    Example:
        >>> duration(5400)
        '1.5 h'
    """
    for unit, length, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{seconds / length:.0f} {unit}" if unit == "s" else f"{seconds / length:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def _share(share: Optional[float]) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
