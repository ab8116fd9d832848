"""``query/storage/overview``: the disks of state, logs and workspaces, and what of it is the engine's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from attrs import asdict

from hfai.engine.disks import Disk, StateUse, disks_of, state_use
from hfai.engine.http.call import Answer, Call
from hfai.engine.queries import ListQuery

# As long as a person waits; a history of millions of runs is then told as "at least".
_MOST_S = 3.0
_MOST_TASKS = 100


async def overview(call: Call) -> Answer:
    """Each file system once, with what of ours is on it; workspaces are those of the caller's unfinished tasks."""
    engine = call.engine
    state_dir = engine.config.state_dir
    query = ListQuery(page_size=_MOST_TASKS, queue_status=("queued", "scheduled"))
    workspaces = dict.fromkeys(task.workspace for task in engine.list_tasks(query, user=call.user)[0])
    places = [("state", state_dir), ("database", state_dir / "engine.db"), ("logs", state_dir / "runs")]
    places += [("workspace", Path(workspace)) for workspace in workspaces]
    # In a thread: a file server that is away keeps whoever asks it.
    disks, use = await asyncio.to_thread(_looked, places, state_dir)
    return {"success": 1, "result": {"state_dir": str(state_dir), "disks": [_row(disk) for disk in disks], **asdict(use)}}


def _looked(places: list[tuple[str, Path]], state_dir: Path) -> tuple[list[Disk], StateUse]:
    return disks_of(places), state_use(state_dir, most_s=_MOST_S)


def _row(disk: Disk) -> dict[str, Any]:
    return {**asdict(disk), "holds": [{"what": what, "path": path} for what, path in disk.holds]}
