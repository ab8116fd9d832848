"""Reading a trace: a CSV with a header, one submission a line.

Columns, by name: ``timestamp`` (ISO-8601, or seconds), ``duration`` (seconds of work) and ``num_gpus`` or ``nodes``; optional ``user``
and ``priority`` (number or name). Others are passed over. Without users they are assigned by a hash of the line number.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Optional

from hfai.model.errors import UsageError
from hfai.model.phrase import Phrase
from hfai.model.priorities import Priority


class TraceJob(NamedTuple):
    """One submission: ``submit_s`` seconds after the first one, ``work_s`` seconds of undisturbed work on ``width`` nodes."""

    number: int
    submit_s: float
    work_s: float
    width: int
    user: str
    priority: int


def read_trace(path: Path, *, users: int = 20, gpus_per_node: int = 1) -> list[TraceJob]:
    """Read a trace, in order of submission.

    Args:
        path: the CSV file.
        users: how many users to spread the submissions over where the trace names none.
        gpus_per_node: turns ``num_gpus`` into nodes, rounded up.

    Raises:
        UsageError: the file cannot be read, or a line cannot; the message names file, line and value.
    """
    jobs = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            columns = set(rows.fieldnames or ())
            missing = {"timestamp", "duration"} - columns or (
                {"num_gpus or nodes"} - {"x"} if not columns & {"num_gpus", "nodes"} else set()
            )
            if missing:
                raise UsageError(
                    "{file} has no column {column}: a trace needs timestamp, duration and num_gpus (or nodes)",
                    file=str(path),
                    column=sorted(missing)[0],
                )
            for row in rows:
                job = _job(path, rows.line_num, row, users, gpus_per_node)
                if job.work_s > 0 and job.width > 0:
                    jobs.append(job)
    except OSError as error:
        raise UsageError("{file}: {problem}", file=str(path), problem=Phrase(error.strerror or str(error))) from None
    except UnicodeDecodeError:
        raise UsageError("{file}: {problem}", file=str(path), problem=Phrase("this is no UTF-8 text")) from None
    if not jobs:
        raise UsageError("{file} holds no submission with work in it", file=str(path))
    jobs.sort(key=lambda job: (job.submit_s, job.number))
    first = jobs[0].submit_s
    return [job._replace(submit_s=job.submit_s - first) for job in jobs]


def _job(path: Path, line: int, row: dict[str, Optional[str]], users: int, gpus_per_node: int) -> TraceJob:
    column, value = "", ""
    try:
        column, value = "timestamp", row["timestamp"] or ""
        submit_s = float(value) if value.replace(".", "", 1).isdigit() else datetime.fromisoformat(value).timestamp()
        column, value = "duration", row["duration"] or ""
        work_s = float(value)
        column = "nodes" if row.get("nodes") else "num_gpus"
        value = row.get(column) or ""
        width = int(float(value)) if column == "nodes" else -(-int(float(value)) // gpus_per_node)
        column, value = "priority", row.get("priority") or "NORMAL"
        priority = int(Priority[value.upper()]) if not value.lstrip("-").isdigit() else int(Priority(int(value)))
    except (ValueError, KeyError) as error:
        raise UsageError(
            "{file}:{line}: {column} is '{value}', which is no such thing",
            file=str(path),
            line=line,
            column=column,
            value=value,
        ) from error
    user = row.get("user") or f"user{_hash(line) % users:02d}"
    return TraceJob(line, submit_s, work_s, width, user, priority)


def _hash(line: int) -> int:
    """The same number for the same line everywhere: the replay must not depend on the interpreter's hash seed."""
    return int.from_bytes(hashlib.blake2b(str(line).encode(), digest_size=4).digest(), "big")


def compress(jobs: list[TraceJob], nodes: int, load: float) -> list[TraceJob]:
    """Scale the arrival times until the offered load (node-seconds of work / node-seconds until the last arrival) is ``load``."""
    work = sum(job.work_s * min(job.width, nodes) for job in jobs)
    span = jobs[-1].submit_s
    factor = work / (load * nodes * span) if span else 1.0
    return [job._replace(submit_s=job.submit_s * factor) for job in jobs]
