"""``validate``: what a person types and sees, the exit codes, Ctrl-C."""

from __future__ import annotations

import json
import signal
from typing import Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import task, until_status

Begin = Callable[[str], Transcript]
HOLD = "echo working\nexec sleep 300\n"


@pytest.fixture
def engine() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


def test_validate_transcript(transcript: Begin) -> None:
    """Good nodes, one that fails a check and comes back, beside a task, and what cannot be."""
    talk = transcript("validate")
    shown = "--columns node,check,status"
    talk.hai.write("good.sh", "echo fans turn\n")
    talk.hai.write("bad.sh", "echo a fan stands still; exit 3\n")
    talk.hai.write("hold.sh", HOLD)
    talk(f"hai-cli validate nodes cpu-0 -f good.sh {shown}")
    talk(f"hai-cli validate nodes cpu-0 -f bad.sh {shown}")
    talk("hai-cli nodes --columns name,state,reason")
    talk("hai-cli platform node uncordon cpu-0")
    talk("hai-cli validate nodes cpu-0 cpu-1 -f bad.sh -q")
    talk("hai-cli platform node uncordon cpu-0")
    assert talk.hai("bash", "hold.sh", "--", "--name", "train").status == 0
    until_status(talk.hai, "train", "running")
    talk(f"hai-cli validate train 0 {shown},text")
    talk("hai-cli validate train 5")
    talk("hai-cli validate train one")
    talk("hai-cli validate nobody")
    talk("hai-cli validate nodes")
    talk("hai-cli validate nodes cpu-9")
    talk("hai-cli validate nodes cpu-1 -f gone.sh")


def test_what_scripts_read(hai: Cli) -> None:
    """JSON alone on stdout, 7 where a node failed, with the values that were measured."""
    hai.write("bad.sh", "exit 1\n")
    good = hai("validate", "nodes", "cpu-0", "cpu-1", "--json")
    assert good.status == 0
    reports = json.loads(good.out)
    assert [(report["node"], report["passed"], report["is_cordoned"]) for report in reports] == [
        ("cpu-0", True, False),
        ("cpu-1", True, False),
    ]
    write = next(check for check in reports[0]["checks"] if check["name"] == "log_write")
    assert write["unit"] == "bytes/s" and write["value"] > write["limit"] and write["status"] == "passed"
    bad = hai("validate", "nodes", "cpu-1", "-f", "bad.sh", "--json")
    assert bad.status == 7
    assert json.loads(bad.out)[0]["passed"] is False
    assert bad.err.endswith("hai-cli: not fit: cpu-1 (1 of 1)\n")


def test_from_a_directory_that_is_no_workspace(hai: Cli) -> None:
    """It has a blank in its path, and is looked at all the same; a check of one's own begins there."""
    hai.write("with blank/own.sh", "pwd\n")
    done = Cli(hai.env, hai.cwd / "with blank")("validate", "nodes", "cpu-0", "-f", "own.sh", "--json")
    assert done.status == 0, done
    checks = {one["name"]: one for one in json.loads(done.out)[0]["checks"]}
    assert checks["workspace_write"]["status"] == "passed"
    assert checks["own"]["output"].strip() == str(hai.cwd / "with blank")


def test_a_busy_node(hai: Cli, engine: EngineSandbox) -> None:
    """Why it waits; 124 when the time is over; after Ctrl-C nothing of it stays in line."""
    hai.write("hold.sh", HOLD)
    assert hai("bash", "hold.sh", "--", "--name", "train", "-n", "2").status == 0
    until_status(hai, "train", "running")
    late = hai("validate", "nodes", "cpu-0", "--timeout", "0.2")
    assert late.status == 124
    assert "waits for node cpu-0: train (" in late.err
    waiter = hai.start("validate", "nodes", "cpu-1")
    assert waiter.stderr is not None
    assert b"waits for node cpu-1: train (" in waiter.stderr.readline()
    waiter.send_signal(signal.SIGINT)
    _, err = waiter.communicate(timeout=DEADLINE_S)
    assert (waiter.returncode, err.decode().strip()) == (130, "hai-cli: interrupted")
    assert engine.post("query/engine/info")["result"]["queued"] == 0
    assert task(hai, "train")["chain_status"] == "running"
