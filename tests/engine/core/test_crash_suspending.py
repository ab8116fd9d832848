"""kill -9 of the daemon between any two steps of a suspension: the task is suspended once, and goes on from what it saved.

The victim (victim.py) begins to count when the suspension is asked for, and would live until the chain has been started again and has
finished.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector
from hfai.model.records import Cause
from hfai.testing import processes
from tests.engine.core.victim import owner_of, run_victim

CONFIG = {"precheck": "off", "nodes": 2, "gang_grace_s": 0.2, "stop_grace_s": 0.5, "suspend_grace_s": 20}
VICTIM = """
import asyncio, os, sys
from pathlib import Path
from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector
from tests.engine.core.test_crash_suspending import CONFIG, begun
from tests.engine.core.victim import Countdown, live, owner_of

state_dir, chain_id, countdown = Path(sys.argv[1]), sys.argv[2], Countdown(int(sys.argv[3]))

async def main():
    engine = Engine(EngineConfig.from_mapping(CONFIG, state_dir=state_dir))
    if sys.argv[4] == "adopt":
        countdown.begin()
    await engine.start(url="http://127.0.0.1:1")
    task = engine.find(Selector(chain_id=chain_id), user=owner_of(engine))
    if sys.argv[4] == "suspend":
        await begun(engine, task.id)
        countdown.begin()
        engine.suspend(task)
        os.write(1, b"accepted")
    await live(engine, countdown)

asyncio.run(main())
"""
# Nobody but a suspension ends the first run; the second one ends by itself.
TASK = """
import json, mmap, os, socket, sys, time
if os.path.exists("saved"):
    print("begin", open("saved").read(), flush=True)
    sys.exit(0)
print("begin 0", flush=True)
page = mmap.mmap(os.open(os.environ["HFAI_CONTROL"], os.O_RDWR), 4096)
while os.environ["RANK"] != "0" or not page[8]:
    time.sleep(0.005)
page[9] = 1
with open("saved.new", "w") as file:
    file.write("7")
os.replace("saved.new", "saved")
for message in ({"action": "set_whole_life_state", "state": 7}, {"action": "go_suspend"}):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(os.path.join(os.environ["HFAI_TASK_SOCKET_DIR"], "sock"))
        peer.sendall(json.dumps(message).encode() + b"\\n")
        assert json.loads(peer.makefile().readline())["ok"]
time.sleep(600)
"""


async def begun(engine: Engine, run_id: int) -> None:
    """Wait until both ranks have said so."""
    deadline = time.monotonic() + 20
    logs = [engine.rank_dir(run_id, rank) / "log.0" for rank in (0, 1)]
    while not all(log.exists() and "begin" in log.read_text() for log in logs):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def submit(tmp_path: Path) -> str:
    """The chain under test, running, with no daemon."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "task.py").write_text(TASK)
    engine = Engine(EngineConfig.from_mapping(CONFIG, state_dir=tmp_path / "state"))
    await engine.start(url="http://127.0.0.1:1")
    body = {
        "version": 2,
        "name": "task",
        "spec": {"workspace": str(workspace), "entrypoint": "task.py"},
        "resource": {"node_count": 2},
    }
    task = engine.submit(body, user=owner_of(engine))
    await begun(engine, task.id)
    await engine.close()
    return task.chain_id


async def finish(state_dir: Path, chain_id: str, *, accepted: bool) -> None:
    """Start an engine, let everything end, and look at what has become of the chain."""
    engine = Engine(EngineConfig.from_mapping(CONFIG, state_dir=state_dir))
    await engine.start(url="http://127.0.0.1:1")
    try:
        task = engine.find(Selector(chain_id=chain_id), user=owner_of(engine))
        told = [run.suspension for run in task.runs if run.suspension]
        assert told or not accepted, "what was accepted is kept"
        if not told:
            engine.suspend(task)
        deadline = time.monotonic() + 30
        while engine.queue_counts():
            assert time.monotonic() < deadline, engine.find(Selector(chain_id=chain_id), user=owner_of(engine))
            await asyncio.sleep(0.01)
        task = engine.find(Selector(chain_id=chain_id), user=owner_of(engine))
        first, second = task.runs
        assert first.end is not None
        assert second.end is not None
        assert (first.end.cause, second.end.cause) == (Cause.SUSPENDED, Cause.SUCCEEDED)
        assert (int(first.stop_code), int(first.suspend_code), second.whole_life_state) == (17, 3, 7)
        assert second.begin_at is not None
        assert first.end_at is not None
        assert first.end_at <= second.begin_at, "never twice on the nodes"
        for rank in (0, 1):
            log = (engine.rank_dir(second.id, rank) / "log.0").read_text()
            assert [entry[29:] for entry in log.splitlines()] == ["begin 7"]
    finally:
        await engine.close(stop_tasks=True)
    deadline = time.monotonic() + 10
    while (left := processes.of_engine(state_dir, [engine.engine_id])) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert left == []


# Spread over all of the about 104 steps from the request to the end of the second run; every one of them was tried when this was written.
@pytest.mark.parametrize("steps", [2, 5, 6, 10, 15, 22, 30, 40, 52, 66, 82, 98])
def test_killed_while_it_suspends(tmp_path: Path, steps: int) -> None:
    """Before it was stored, before rank 0 was told, while the ranks leave, while the next run is queued and started."""
    chain_id = asyncio.run(submit(tmp_path))
    said = run_victim(VICTIM, tmp_path / "state", chain_id, steps, "suspend")
    asyncio.run(finish(tmp_path / "state", chain_id, accepted=said == "accepted"))


@pytest.mark.parametrize(("first", "second"), [(6, 40), (13, 60), (25, 50)])
def test_killed_again_while_it_adopts(tmp_path: Path, first: int, second: int) -> None:
    """A second death while the suspension is taken up again changes nothing either."""
    chain_id = asyncio.run(submit(tmp_path))
    said = run_victim(VICTIM, tmp_path / "state", chain_id, first, "suspend")
    run_victim(VICTIM, tmp_path / "state", chain_id, second, "adopt")
    asyncio.run(finish(tmp_path / "state", chain_id, accepted=said == "accepted"))
