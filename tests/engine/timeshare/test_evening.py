"""An evening on one machine: 4 nodes, three users with tokens of their own, 60 tasks over HTTP, in seconds instead of hours."""

from __future__ import annotations

import random
import re
import time
from datetime import datetime
from typing import Any, Optional

import pytest

from hfai.testing.sandbox_user import SandboxUser

USERS = ("ada", "bob", "cyd")
MANNERS = ("saves", "saves", "slow", "ignores", "crashes")
DEADLINE_S = 150.0


@pytest.fixture
def settings() -> dict[str, Any]:
    """Hours are seconds."""
    return {
        "nodes": 4,
        "slice_s": 0.8,
        "min_slice_s": 0.4,
        "patience_s": 5,
        "demote_after_s": 20,
        "suspend_grace_s": 1.0,
        "stop_grace_s": 1,
        "gang_grace_s": 0.3,
    }


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


def submit(shared: Any, user: SandboxUser, number: int, plan: dict[str, Any]) -> str:
    name = f"{user.name}{number}"
    body = {
        "version": 2,
        "name": name,
        "priority": plan["priority"],
        "spec": {
            "workspace": str(shared.workspace),
            "entrypoint": "task.py",
            "parameters": f"{name} {plan['steps']} {plan['manner']}",
        },
        "resource": {"node_count": plan["nodes"]},
        "options": {"restart": 100},
    }
    answer = user.post("operating/task/create", body)
    assert answer["success"] == 1, answer
    return str(answer["task"]["chain_id"])


def steps_of(shared: Any, task: dict[str, Any], word: str) -> list[list[int]]:
    """What rank 0 said after a word, run by run."""
    return [[int(n) for n in re.findall(rf"\] {word} (\d+)", shared.log(run_id))] for run_id in task["id_list"]]


def seconds(moment: Optional[str]) -> Optional[float]:
    return datetime.fromisoformat(moment).timestamp() if moment else None


def ended_at(task: dict[str, Any]) -> float:
    return seconds(task["end_at_list"][-1]) or 0.0


def used_until(tasks: list[dict[str, Any]], end: float) -> float:
    """Node seconds of some tasks up to a moment."""
    used = 0.0
    for task in tasks:
        for begin_at, end_at in zip(map(seconds, task["begin_at_list"]), map(seconds, task["end_at_list"])):
            if begin_at is not None:
                used += task["nodes"] * max(0.0, min(end_at or end, end) - begin_at)
    return used


def test_an_evening(shared: Any) -> None:
    """All of them finish; what was saved is never lost; no node has two at once; the users have had the same share."""
    users = [shared.sandbox.add_user(name) for name in USERS]
    chains = [(submit(shared, user, number, plan), user) for number, plan in enumerate(plans(20)) for user in users]
    deadline = time.monotonic() + DEADLINE_S
    unfinished = {"chain_status": ["waiting_init", "running", "suspended"], "page": 1, "page_size": 50}
    while any(left := [user.post("query/task/list", **unfinished)["result"]["total"] for user in users]):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    judge(shared, [user.post("query/task", chain_id=chain_id)["result"]["task"] for chain_id, user in chains])


def judge(shared: Any, tasks: list[dict[str, Any]]) -> None:
    interrupted = 0
    for task in tasks:
        assert task["end"]["cause"] == "succeeded", (task["nb_name"], task["end"])
        steps = int(str(task["code_file"]).split()[2])
        assert steps_of(shared, task, "done")[-1] == [steps]
        kept = 0
        for begun, saved in zip(steps_of(shared, task, "begin"), steps_of(shared, task, "saved")):
            if begun:
                assert begun == [kept], (task["nb_name"], "a saved step was lost")
            kept = saved[-1] if saved else kept
        for run_id in task["id_list"]:
            for rank in range(task["nodes"]):
                assert "somebody else" not in shared.log(run_id, rank)
        interrupted += len(task["suspensions"])
    assert interrupted >= 5, "an evening without a turn proves nothing"
    by_user = {name: [task for task in tasks if task["user_name"] == name] for name in USERS}
    first_done = min(max(map(ended_at, own)) for own in by_user.values())
    shares = {name: used_until(own, first_done) for name, own in by_user.items()}
    assert min(shares.values()) >= 0.6 * max(shares.values()), shares
