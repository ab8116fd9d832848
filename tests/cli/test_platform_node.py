"""``platform node``: the nodes listed, cordoned and uncordoned, and what tasks say that wait because of it."""

from __future__ import annotations

import json
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.waiting import task, until, until_status


@pytest.fixture
def engine() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


def test_cordon_and_uncordon(hai: Cli, engine: EngineSandbox) -> None:
    """What runs stays, what does not fit waits with the reason, also after kill -9; then it starts."""
    hai.write("a.sh", "echo begin; sleep 300\n")
    assert hai("bash", "a.sh", "--", "--name", "stays").status == 0
    until(lambda: "begin" in hai("logs", "stays").out)
    (node,) = task(hai, "stays")["assigned_nodes"]
    done = hai("platform", "node", "cordon", node, "--reason", "disk full")
    assert done.out == f"node {node} is cordoned: it takes nothing new\n"
    assert done.err == f"task {task(hai, 'stays')['id']} on it goes on\n"
    assert hai("bash", "a.sh", "--", "--name", "wide", "-n", 2).status == 0
    engine.restart()
    assert task(hai, "stays")["chain_status"] == "running"
    pending = task(hai, "wide")["pending"]
    assert pending["code"] == "cordoned" and pending["text"].endswith(f"1 cordoned: {node} (disk full)")
    assert f"1 个已停用：{node} (disk full)" in hai("status", "wide", lang="zh").out
    rows = json.loads(hai("platform", "node", "list", "--json").out)
    found = {row["name"]: row for row in rows}
    assert [name for name, row in found.items() if row["is_cordoned"]] == [node]
    assert found[node]["cordon_reason"] == "disk full" and found[node]["cordoned_by"] and found[node]["cordoned_at"]
    shown = hai("platform", "node", "list").out
    assert "disk full" in shown and "cordoned" in shown and "ready" in shown
    assert "已停用" in hai("platform", "node", "list", lang="zh").out
    assert hai("stop", "stays").status == 0
    until_status(hai, "stays", "finished")
    assert task(hai, "wide")["chain_status"] == "waiting_init"
    done = hai("platform", "node", "uncordon", node, "--json")
    assert json.loads(done.out)["is_cordoned"] is False
    until_status(hai, "wide", "running")
    assert hai("platform", "node", "uncordon", node).out == f"node {node} takes tasks again\n"


def test_several_at_once(hai: Cli) -> None:
    """A line each; one that is not there does not keep the others. Programs get a list."""
    done = hai("platform", "node", "cordon", "cpu-0", "gpu-9", "cpu-1", "cpu-0")
    assert done.status == 3
    assert done.out == "".join(f"node cpu-{number} is cordoned: it takes nothing new\n" for number in (0, 1))
    assert done.err == "hai-cli: no node gpu-9: see the nodes with `hai-cli nodes`\n"
    assert hai("platform", "node", "cordon", "cpu-0", "cpu-1", "-q") == (0, "", "")
    done = hai("platform", "node", "uncordon", "--all")
    assert done.out == "".join(f"node cpu-{number} takes tasks again\n" for number in (0, 1))
    assert hai("platform", "node", "uncordon", "--all").out == "no node is cordoned\n"
    assert hai("platform", "node", "uncordon", "--all", "--json").out == "[]\n"
    rows = json.loads(hai("platform", "node", "cordon", "cpu-1", "cpu-0", "--json").out)
    assert [(row["name"], row["is_cordoned"]) for row in rows] == [("cpu-1", True), ("cpu-0", True)]
    assert len(json.loads(hai("platform", "node", "uncordon", "--all", "--json").out)) == 2


def test_wrong_words(hai: Cli) -> None:
    """An unknown node, a mistyped command, nothing at all."""
    for verb in ("cordon", "uncordon"):
        done = hai("platform", "node", verb, "gpu-9")
        assert done.status == 3
        assert done.err == "hai-cli: no node gpu-9: see the nodes with `hai-cli nodes`\n"
    done = hai("platform", "node", "cordn", "x")
    assert done.status == 2 and "did you mean `hai-cli platform node cordon`?" in done.err
    assert hai("platform", "node", "cordon").status == 2
    for words in ((), ("cpu-0", "--all")):
        assert hai("platform", "node", "uncordon", *words) == (2, "", "hai-cli: name the nodes, or give --all\n")
    assert hai("platform", "node").out.startswith("Usage: hai-cli platform node COMMAND [OPTIONS]")
