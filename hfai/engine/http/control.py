"""``query/engine/info`` and ``operating/engine/shutdown``: the daemon itself."""

from __future__ import annotations

import os

from hfai import PROTOCOL, __version__
from hfai.engine.http.call import Answer, Call


async def info(call: Call) -> Answer:
    """What runs here, where its state is, and how much there is to do."""
    engine = call.engine
    counts: dict[str, int] = {}
    for _, queue_status, count in engine.queue_counts():
        counts[queue_status] = counts.get(queue_status, 0) + count
    result = {
        "version": __version__,
        "protocol": PROTOCOL,
        "engine_id": engine.engine_id,
        "pid": os.getpid(),
        "url": call.serving.url,
        "state_dir": str(engine.config.state_dir),
        "started_at": call.serving.started_at,
        "nodes": len(engine.nodes()),
        "queued": counts.get("queued", 0),
        "scheduled": counts.get("scheduled", 0),
    }
    return {"success": 1, "result": result}


async def shutdown(call: Call) -> Answer:
    """End the daemon after this answer; tasks go on unless ``stop_tasks``."""
    stop_tasks = call.arguments.flag("stop_tasks", False)
    call.arguments.ensure_valid()
    call.serving.shutdown(stop_tasks)
    return {"success": 1, "msg": "the engine is shutting down"}
