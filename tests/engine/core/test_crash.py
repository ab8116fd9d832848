"""kill -9 of the daemon between any two steps loses nothing: whoever comes next finds everything out again.

The victim (victim.py) kills itself right before its n-th step. What the tasks did is then compared with what was accepted.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector
from hfai.testing import processes
from tests.engine.core.victim import owner_of, run_victim

VICTIM = """
import asyncio, os, sys
from pathlib import Path
from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from tests.engine.core.victim import Countdown, live, owner_of

state_dir, workspace, countdown, submits = Path(sys.argv[1]), sys.argv[2], Countdown(int(sys.argv[3])), sys.argv[4] == "submit"

async def main():
    config = EngineConfig.from_mapping({"precheck": "off", "nodes": 4, "gang_grace_s": 0.2, "stop_grace_s": 1}, state_dir=state_dir)
    engine = Engine(config)
    countdown.begin()
    await engine.start(url="http://127.0.0.1:1")
    user = owner_of(engine)
    if submits:
        for name, nodes, code in (("good", 1, 0), ("pair", 2, 0), ("fails", 1, 3), ("next", 4, 0)):
            body = {
                "version": 2,
                "name": name,
                "spec": {"workspace": workspace, "entrypoint": "task.sh", "parameters": str(code)},
                "resource": {"node_count": nodes},
            }
            task = engine.submit(body, user=user)
            os.write(1, f"{task.chain_id} {name} {nodes} {code}\\n".encode())
    await live(engine, countdown)

asyncio.run(main())
"""
TASK = """
echo begin
sleep 0.05
echo end
exit $1
"""


def accepted_by_victim(tmp_path: Path, steps: int, mode: str) -> list[str]:
    """The tasks that the victim had accepted when it died."""
    return run_victim(VICTIM, tmp_path / "state", tmp_path / "workspace", steps, mode).splitlines()


async def finish(tmp_path: Path, accepted: list[str]) -> None:
    """Start an engine, let everything end, and compare."""
    config = EngineConfig.from_mapping({"precheck": "off", "nodes": 4, "gang_grace_s": 0.2}, state_dir=tmp_path / "state")
    engine = Engine(config)
    await engine.start(url="http://127.0.0.1:1")
    try:
        user = owner_of(engine)
        end = time.monotonic() + 30
        while engine.queue_counts():
            assert time.monotonic() < end, [view.working for view in engine.nodes()]
            await asyncio.sleep(0.01)
        for line in accepted:
            chain_id, name, nodes, code = line.split()
            task = engine.find(Selector(chain_id=chain_id), user=user)
            assert (task.nb_name, len(task.runs), task.chain_status.value) == (name, 1, "finished")
            assert task.newest.end is not None
            assert task.newest.end.exit_status == int(code), task.newest.end
            assert [job.exit_code for job in task.jobs] == [int(code)] * int(nodes)
            for rank in range(int(nodes)):
                log = (engine.rank_dir(task.id, rank) / "log.0").read_text()
                assert [entry[29:] for entry in log.splitlines()] == ["begin", "end"], "run once, and to its end"
    finally:
        await engine.close(stop_tasks=True)
    end = time.monotonic() + 10
    while (left := processes.of_engine(tmp_path / "state", [engine.engine_id])) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    assert left == []


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "task.sh").write_text(TASK)
    return tmp_path


# Spread over all of the about 250 steps; every one of them was tried when this was written.
@pytest.mark.parametrize("steps", [8, 25, 37, 50, 62, 75, 88, 101, 120, 140, 165, 190])
def test_killed_while_it_submits_and_schedules(place: Path, steps: int) -> None:
    """Everything accepted runs exactly once, to its end, with its own code."""
    accepted = accepted_by_victim(place, steps, "submit")
    asyncio.run(finish(place, accepted))


@pytest.mark.parametrize(("first", "second"), [(70, 20), (95, 35), (120, 30), (120, 60), (150, 45)])
def test_killed_again_while_it_adopts(place: Path, first: int, second: int) -> None:
    """The second death, in the middle of taking up what the first left, changes nothing either."""
    accepted = accepted_by_victim(place, first, "submit")
    accepted_by_victim(place, second, "adopt")
    asyncio.run(finish(place, accepted))


def test_a_supervisor_killed_while_the_daemon_was_away(place: Path) -> None:
    """Its task is ended, the run has a cause, and the chain starts again."""
    (place / "workspace" / "task.sh").write_text("echo begin; [ -e again ] || { touch again; sleep 300; }\n")

    async def begin() -> tuple[str, Path]:
        engine = Engine(EngineConfig.from_mapping({"precheck": "off", "nodes": 1}, state_dir=place / "state"))
        await engine.start(url="http://127.0.0.1:1")
        user = owner_of(engine)
        body: dict[str, Any] = {
            "version": 2,
            "name": "victim",
            "spec": {"workspace": str(place / "workspace"), "entrypoint": "task.sh"},
        }
        task = engine.submit(body, user=user)
        end = time.monotonic() + 10
        while not (place / "workspace" / "again").exists():
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
        await engine.close()
        return task.chain_id, engine.rank_dir(task.id, 0)

    chain_id, rank_dir = asyncio.run(begin())
    started = json.loads((rank_dir / "started.json").read_text())
    os.kill(started["supervisor_pid"], signal.SIGKILL)

    async def go_on() -> None:
        engine = Engine(EngineConfig.from_mapping({"precheck": "off", "nodes": 1}, state_dir=place / "state"))
        await engine.start(url="http://127.0.0.1:1")
        user = owner_of(engine)
        end = time.monotonic() + 20
        while engine.queue_counts():
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
        task = engine.find(Selector(chain_id=chain_id), user=user)
        causes = [run.end.cause.value for run in task.runs if run.end]
        assert causes == ["platform", "succeeded"]
        assert not Path(f"/proc/{started['pid']}").exists()
        await engine.close(stop_tasks=True)

    asyncio.run(go_on())
