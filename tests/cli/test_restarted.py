"""What people see of a task that was started again after one of its runs had failed."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import task, until


def running(hai: Cli, runs: int) -> dict[str, Any]:
    """The task once its run of that number has begun."""
    found: dict[str, Any] = until(
        lambda: len((now := task(hai, "retried"))["id_list"]) == runs and now["worker_status"] == "running" and now
    )
    return found


def test_how_the_run_before_ended(hai: Cli, engine: EngineSandbox) -> None:
    """`status` and `--json` say it, in the user's language, for a failure of its own and for a lost supervisor."""
    hai.write("once.sh", "[ -e again ] || { touch again; exit 3; }\nexec sleep 300\n")
    hai("bash", "once.sh", "--", "--name", "retried", "--options", "restart=1")
    body = running(hai, 2)
    first = body["id_list"][0]
    (ended,) = body["earlier_ends"]
    assert (ended["id"], ended["cause"], ended["exit_status"], body["end"]) == (first, "user_code", 3, None)
    shown = hai("status", "retried").out
    assert (
        f"why run {first} ended at {ended['at'].replace('T', ' ')[:19]}: retried failed: rank 0 ended first, with exit code 3\n"
        in shown
    )
    assert f"运行 {first} 于 " in hai("status", "retried", lang="zh").out

    second = body["id"]
    rank_dir = engine.state_dir / "runs" / "0" / str(second) / "0"
    os.kill(json.loads((rank_dir / "started.json").read_text())["supervisor_pid"], signal.SIGKILL)
    body = running(hai, 3)
    assert [(end["id"], end["cause"]) for end in body["earlier_ends"]] == [(first, "user_code"), (second, "platform")]
    assert body["earlier_ends"][1]["message"]
    assert hai("stop", "retried").status == 0


def test_what_happened_is_told_in_its_order(hai: Cli) -> None:
    """A suspension, an end and a start, of runs one after another."""
    hai.write("hold.sh", "exec sleep 300\n")
    hai("bash", "hold.sh", "--", "--name", "retried", "--options", "suspend_grace=0")
    first = running(hai, 1)["id"]
    assert hai("suspend", "retried").status == 0
    second = running(hai, 2)["id"]
    assert hai("stop", "retried").status == 0
    until(lambda: task(hai, "retried")["chain_status"] == "finished")
    assert hai("resume", "retried").status == 0
    third = running(hai, 3)["id"]
    told = [line for line in hai("status", "retried").out.splitlines() if "run " in line]
    starts = (f"run {first} was suspended by its user: ", f"why run {second} ended at ", f"why run {third} started at ")
    assert len(told) == 3 and all(map(str.startswith, told, starts)), told
    assert hai("stop", "retried").status == 0
