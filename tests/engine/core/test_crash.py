"""kill -9 of the daemon between any two steps loses nothing: whoever comes next finds everything out again.

The victim is a process that kills itself right before its n-th call of a function that leaves a trace outside of it: a statement of the
database, a file, a packet to the launcher, a descriptor. What the tasks did is then compared with what was accepted.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector
from hfai.testing import processes

VICTIM = """
import asyncio, os, signal, sys
from pathlib import Path
from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine

state_dir, workspace, steps, submits = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "submit"
STEPS = {"execute", "open", "mkdir", "rename", "replace", "send", "sendto", "recv", "recvmsg", "pidfd_open", "fork_exec", "close"}
left = steps

def count(frame, event, function):
    global left
    if event == "c_call" and getattr(function, "__name__", "") in STEPS:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    config = EngineConfig.from_mapping({"precheck": "off", "nodes": 4, "gang_grace_s": 0.2, "stop_grace_s": 1}, state_dir=state_dir)
    engine = Engine(config)
    sys.setprofile(count)
    await engine.start(url="http://127.0.0.1:1")
    user = engine.user_of((state_dir / "token").read_text().strip())
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
    while engine.queue_counts():
        await asyncio.sleep(0.01)
    sys.setprofile(None)
    os.write(2, str(steps - left).encode())
    await engine.close()

asyncio.run(main())
"""
TASK = """
echo begin
sleep 0.05
echo end
exit $1
"""


def run_victim(tmp_path: Path, steps: int, mode: str) -> tuple[int, list[str], str]:
    """Return code, accepted tasks, and how many steps there were if it lived."""
    argv = [sys.executable, "-c", VICTIM, str(tmp_path / "state"), str(tmp_path / "workspace"), str(steps), mode]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


async def finish(tmp_path: Path, accepted: list[str]) -> None:
    """Start an engine, let everything end, and compare."""
    config = EngineConfig.from_mapping({"precheck": "off", "nodes": 4, "gang_grace_s": 0.2}, state_dir=tmp_path / "state")
    engine = Engine(config)
    await engine.start(url="http://127.0.0.1:1")
    try:
        user = engine.user_of((tmp_path / "state" / "token").read_text().strip())
        assert user is not None
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
    returncode, accepted, said = run_victim(place, steps, "submit")
    assert returncode == -signal.SIGKILL or said.isdigit(), said
    asyncio.run(finish(place, accepted))


@pytest.mark.parametrize(("first", "second"), [(70, 20), (95, 35), (120, 30), (120, 60), (150, 45)])
def test_killed_again_while_it_adopts(place: Path, first: int, second: int) -> None:
    """The second death, in the middle of taking up what the first left, changes nothing either."""
    returncode, accepted, said = run_victim(place, first, "submit")
    assert returncode == -signal.SIGKILL or said.isdigit(), said
    returncode, _, said = run_victim(place, second, "adopt")
    assert returncode == -signal.SIGKILL or said.isdigit(), said
    asyncio.run(finish(place, accepted))


def test_a_supervisor_killed_while_the_daemon_was_away(place: Path) -> None:
    """Its task is ended, the run has a cause, and the chain starts again."""
    (place / "workspace" / "task.sh").write_text("echo begin; [ -e again ] || { touch again; sleep 300; }\n")

    async def begin() -> tuple[str, Path]:
        engine = Engine(EngineConfig.from_mapping({"precheck": "off", "nodes": 1}, state_dir=place / "state"))
        await engine.start(url="http://127.0.0.1:1")
        user = engine.user_of((place / "state" / "token").read_text().strip())
        assert user is not None
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
        user = engine.user_of((place / "state" / "token").read_text().strip())
        assert user is not None
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
