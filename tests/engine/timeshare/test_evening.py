"""An evening on one machine: 4 nodes, three users, 60 tasks, in seconds instead of hours."""

from __future__ import annotations

import asyncio
import random
import re
import time
from pathlib import Path
from typing import Any

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector, User
from hfai.model.records import Cause, Task

USERS = ("ada", "bob", "cyd")
MANNERS = ("saves", "saves", "slow", "ignores", "crashes")
SETTINGS = {
    "nodes": 4,
    "slice_s": 0.8,
    "min_slice_s": 0.4,
    "patience_s": 5,
    "demote_after_s": 20,
    "suspend_grace_s": 1.0,
    "stop_grace_s": 1,
    "gang_grace_s": 0.3,
}
DEADLINE_S = 150.0


def plans(count: int) -> list[dict[str, Any]]:
    """The same tasks for each user: width, priority, steps and manner."""
    chance = random.Random(7)
    return [
        {
            "nodes": chance.choice([1, 1, 1, 2, 4]),
            "priority": chance.choice([30, 10, 10, 10]),
            # Who never saves has to be done within a slice: nobody can help a longer one.
            "steps": chance.randint(5, 20 if MANNERS[number % len(MANNERS)] == "ignores" else 60),
            "manner": MANNERS[number % len(MANNERS)],
        }
        for number in range(count)
    ]


def submit(engine: Engine, workspace: Path, user: User, number: int, plan: dict[str, Any]) -> str:
    name = f"{user.name}{number}"
    body = {
        "version": 2,
        "name": name,
        "priority": plan["priority"],
        "spec": {
            "workspace": str(workspace),
            "entrypoint": "task.py",
            "parameters": f"{name} {plan['steps']} {plan['manner']}",
        },
        "resource": {"node_count": plan["nodes"]},
        "options": {"restart": 100},
    }
    return engine.submit(body, user=user).chain_id


def steps_of(engine: Engine, task: Task, word: str) -> list[list[int]]:
    """What rank 0 said after a word, run by run."""
    texts = [engine.rank_dir(run.id, 0) / "log.0" for run in task.runs]
    return [[int(n) for n in re.findall(rf"\] {word} (\d+)", p.read_text())] if p.exists() else [] for p in texts]


def used_until(tasks: list[Task], end: float) -> float:
    """Node seconds of some tasks up to a moment."""
    return sum(
        task.nodes * max(0.0, min(run.end_at or end, end) - run.begin_at)
        for task in tasks
        for run in task.runs
        if run.begin_at is not None
    )


def test_an_evening(tmp_path: Path, task_text: str) -> None:
    """All of them finish; what was saved is never lost; no node has two at once; the users have had the same share."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "task.py").write_text(task_text)

    async def work() -> None:
        engine = Engine(EngineConfig.from_mapping(SETTINGS, state_dir=tmp_path / "state"))
        await engine.start(url="http://127.0.0.1:1")
        try:
            users = [User(name=name, role="internal", groups=(), uid=0) for name in USERS]
            chains = [
                (submit(engine, workspace, user, number, plan), user)
                for number, plan in enumerate(plans(20))
                for user in users
            ]
            end = time.monotonic() + DEADLINE_S
            while engine.queue_counts():
                assert time.monotonic() < end, engine.queue_counts()
                await asyncio.sleep(0.05)
            judge(engine, [engine.find(Selector(chain_id=chain), user=user) for chain, user in chains])
        finally:
            await engine.close(stop_tasks=True)

    asyncio.run(work())


def judge(engine: Engine, tasks: list[Task]) -> None:
    interrupted = 0
    for task in tasks:
        end = task.newest.end
        assert end is not None
        assert end.cause is Cause.SUCCEEDED, (task.nb_name, end)
        steps = int(str(task.code_file).split()[2])
        assert steps_of(engine, task, "done")[-1] == [steps]
        kept = 0
        for begun, saved in zip(steps_of(engine, task, "begin"), steps_of(engine, task, "saved")):
            if begun:
                assert begun == [kept], (task.nb_name, "a saved step was lost")
            kept = saved[-1] if saved else kept
        for run in task.runs:
            for rank in range(task.nodes):
                log = engine.rank_dir(run.id, rank) / "log.0"
                assert "somebody else" not in (log.read_text() if log.exists() else "")
        interrupted += sum(run.suspension is not None for run in task.runs)
    assert interrupted >= 5, "an evening without a turn proves nothing"
    by_user = {name: [task for task in tasks if task.user_name == name] for name in USERS}
    first_done = min(max(task.newest.end_at or 0.0 for task in own) for own in by_user.values())
    shares = {name: used_until(own, first_done) for name, own in by_user.items()}
    assert min(shares.values()) >= 0.6 * max(shares.values()), shares
