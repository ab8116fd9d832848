"""``query/task/profile``: what the profiler has written of a task that was submitted with ``profile.time``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import AsyncIterator, Optional

from starlette.responses import StreamingResponse

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.selecting import find
from hfai.engine.logs.ranks import ensure_rank
from hfai.model.errors import RefusedError
from hfai.model.records import Run, Task

MEDIA_TYPE = "application/x-hfai-profile"
_BLOCK_BYTES = 1 << 18


async def profile(call: Call) -> Answer:
    """The profile of a rank, as the profiler wrote it, of the newest run that has one; as far as it has come while it runs."""
    rank = call.arguments.whole("rank", 0)
    task = find(call)
    ensure_rank(task, rank)
    found = await asyncio.to_thread(_newest, call, task, rank)
    if found is None:
        raise RefusedError(
            "task {id} ({name}) has no profile from its start: submit it with `--options profile.time=60`, or sample it "
            "while it runs with `hai-cli prof {id}`",
            id=task.id,
            name=task.nb_name,
        )
    run, node, path = found
    head = json.dumps({"t": "profile", "rank": rank, "node": node, "run": run.id}).encode() + b"\n"
    return StreamingResponse(_blocks(head, path), media_type=MEDIA_TYPE)


def _newest(call: Call, task: Task, rank: int) -> Optional[tuple[Run, str, Path]]:
    """Of the runs that have one: the run, where the rank was, and the file."""
    for run in reversed(task.runs):
        directory = call.engine.rank_dir(run.id, rank)
        if (directory / "profile").is_file():
            # The records keep the nodes of the newest run only.
            spec = json.loads((directory.parent / "spec.json").read_bytes())
            return run, str(spec["ranks"][rank]["node"]), directory / "profile"
    return None


async def _blocks(head: bytes, path: Path) -> AsyncIterator[bytes]:
    yield head
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
            yield block
