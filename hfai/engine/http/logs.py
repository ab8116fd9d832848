"""``query/task/log``, ``log/search``, ``sys_log`` and ``container_log``, as existing clients ask for logs."""

from __future__ import annotations

import asyncio
from typing import Iterator

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.logs.last_seen import NO_LOG_YET, parse_last_seen, read_since
from hfai.engine.logs.ranks import ensure_rank
from hfai.engine.logs.search import count_occurrences
from hfai.model.records import Run, local_time
from hfai.model.states import ChainStatus


async def log(call: Call) -> Answer:
    """The lines of one rank after ``last_seen``, over all runs of the chain (wire document, section 4).

    A rank that is not there has no lines and is no error.
    """
    rank = call.arguments.whole("rank", 0)
    service = call.arguments.text("service", "")
    last_seen = parse_last_seen(call.arguments.optional("last_seen"))
    task = find(call)
    data, seen = "", last_seen
    if not service and 0 <= rank < task.nodes:
        data, seen = await asyncio.to_thread(read_since, task.runs, rank, call.engine.rank_dir, last_seen)
    run = task.newest
    stop_code = int(run.stop_code)
    if task.chain_status is ChainStatus.FINISHED and not stop_code and data == NO_LOG_YET:
        stop_code = 1  # so that followers end
    exit_code = next(
        (job.to_wire(run_id=run.id, user_name="")["exit_code"] for job in task.jobs if job.rank == rank), ""
    )
    return {
        "success": 1,
        "msg": "get log successfully",
        "data": data,
        "last_seen": seen,
        "stop_code": stop_code,
        "exit_code": exit_code,
        "error_msg": run.end.message if run.end else "",
        "restart_log": {},
    }


async def search(call: Call) -> Answer:
    """How often a text occurs in each rank's messages."""
    content = call.arguments.text("content")
    task = find(call)
    directory = call.engine.rank_dir
    counts = [
        await asyncio.to_thread(count_occurrences, task.runs, rank, directory, content) for rank in range(task.nodes)
    ]
    return {"success": 1, "data": counts}


async def sys_log(call: Call) -> Answer:
    """What the platform has to say about each run: why it started, how it was told to yield, how it ended."""
    task = find(call)
    rule = "=" * 20
    parts = [rule]
    for run in task.runs:
        current = " (current)" if run is task.newest else ""
        said = "\n".join(_said_of(run))
        parts.append(f"\nid: {run.id}{current}\n----------\nsyslog:\n{said}\n\n{rule}")
    return {"success": 1, "data": "".join(parts) + "\n"}


async def container_log(call: Call) -> Answer:
    """What the platform did about one rank of the newest run, where HAI Platform has the log of its container."""
    rank = call.arguments.whole("rank", 0)
    task = find(call)
    call.arguments.ensure_valid()
    ensure_rank(task, rank)
    run = task.newest
    job = next((job for job in task.jobs if job.rank == rank), None)
    events = list(_events_of(run))
    if job is not None:
        times = (("node assigned", job.created_at), ("process started", job.begin_at), ("process ended", job.end_at))
        events += [(at, what) for what, at in times if at is not None]
    lines = [f"run {run.id}, rank {rank}" + (f" on {job.node}" if job else ": it has no node yet")]
    lines += [f"{local_time(at)} {what}" for at, what in sorted(events, key=lambda event: event[0])]
    if job is not None and job.exit_code is not None:
        lines.append(f"exit code {job.exit_code}")
    lines += _end_of(run)
    return {"success": 1, "result": {"data": "\n".join(lines) + "\n"}}


def _said_of(run: Run) -> Iterator[str]:
    yield from (f"{local_time(at)} {what}" for at, what in _events_of(run))
    yield from _end_of(run)


def _events_of(run: Run) -> Iterator[tuple[float, str]]:
    if run.start_why and run.begin_at is not None:
        yield run.begin_at, f"started: {run.start_why}"
    if run.suspension is not None:
        told = run.suspension
        yield told.told_at, f"told to yield within {told.grace_s:g} s: {told.why}"
        for at, what in (
            (told.acknowledged_at, "acknowledged"),
            (told.saved_at, "saved"),
            (told.forced_at, "stopped unsaved"),
        ):
            if at is not None:
                yield at, what


def _end_of(run: Run) -> Iterator[str]:
    if run.end is not None and run.end.message:
        yield run.end.message
