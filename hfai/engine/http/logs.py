"""``query/task/log``, ``query/task/log/search`` and ``query/task/sys_log``, as existing clients ask for logs."""

from __future__ import annotations

import asyncio

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.logs.last_seen import NO_LOG_YET, parse_last_seen, read_since
from hfai.engine.logs.search import count_occurrences
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
    """What the platform has to say about each run."""
    task = find(call)
    rule = "=" * 20
    parts = [rule]
    for run in task.runs:
        current = " (current)" if run is task.newest else ""
        message = run.end.message if run.end else ""
        parts.append(f"\nid: {run.id}{current}\n----------\nsyslog:\n{message}\n\n{rule}")
    return {"success": 1, "data": "".join(parts) + "\n"}
