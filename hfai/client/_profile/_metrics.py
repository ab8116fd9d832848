"""What was measured of a rank, as series of numbers with their unit, mean and peak."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Sequence

# In the order in which they are shown: the key of a row, and its unit.
_BASIC = (
    ("cpu_percent", "percent"),
    ("memory_rss_bytes", "bytes"),
    ("disk_read_bytes_per_s", "bytes_per_s"),
    ("disk_written_bytes_per_s", "bytes_per_s"),
    ("read_bytes_per_s", "bytes_per_s"),
    ("written_bytes_per_s", "bytes_per_s"),
    ("processes", "count"),
    ("threads", "count"),
    ("node_cpu_percent", "percent"),
    ("node_memory_used_bytes", "bytes"),
    ("node_network_received_bytes_per_s", "bytes_per_s"),
    ("node_network_sent_bytes_per_s", "bytes_per_s"),
    ("node_loopback_bytes_per_s", "bytes_per_s"),
)
_GPU = (
    ("utilization_percent", "percent"),
    ("memory_used_bytes", "bytes"),
    ("task_memory_bytes", "bytes"),
    ("power_w", "watt"),
    ("temperature_c", "celsius"),
)


class Metric(NamedTuple):
    """One series.

    Attributes:
        name: the column of the CSV file that it is from.
        unit: ``percent`` (of one core, for the CPU of a task), ``bytes``, ``bytes_per_s``, ``count``, ``watt``, ``celsius``.
        mean, peak: over the whole profile.
        values: sample by sample.
        gpu: the number of the GPU, None for what is not of a GPU.
    """

    name: str
    unit: str
    mean: float
    peak: float
    values: tuple[float, ...]
    gpu: Optional[int] = None


def metrics_of(basic: Sequence[Mapping[str, Any]], gpu: Sequence[Mapping[str, Any]]) -> list[Metric]:
    """The series of the rows that the recorders ``basic`` and ``gpu`` have written; none for what a node does not tell."""
    found = [_metric(name, unit, basic, None) for name, unit in _BASIC]
    for number in sorted({int(row["gpu"]) for row in gpu}):
        rows = [row for row in gpu if row["gpu"] == number]
        found += [_metric(name, unit, rows, number) for name, unit in _GPU]
    return [metric for metric in found if metric is not None]


def _metric(name: str, unit: str, rows: Sequence[Mapping[str, Any]], gpu: Optional[int]) -> Optional[Metric]:
    values = tuple(float(row[name]) for row in rows if row.get(name) is not None)
    return Metric(name, unit, sum(values) / len(values), max(values), values, gpu) if values else None
