"""``hai-cli nodes``: the nodes, the groups as a tree, who works where."""

from __future__ import annotations

import json
from typing import Callable

import pytest

from hfai.cli.node_tree import tree_json, tree_of, tree_text
from hfai.client import NodeInfo
from tests.cli.conftest import Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import until_status


def node(name: str, label: str | None, **more: object) -> NodeInfo:
    plain = {"is_ready": True, "gpu_num": 8, "cpu": 64, "memory_bytes": 1 << 39, "working_user": None}
    fields = {**plain, "working_task_id": None, "working_task_rank": None, **more}
    return NodeInfo(name=name, group=(label or "").rpartition(".")[2], label=label, **fields)  # type: ignore[arg-type]


def test_nodes_transcript(ada_transcript: Callable[[str], Transcript]) -> None:
    talk = ada_transcript("nodes")
    hai = talk.hai
    talk("hai-cli nodes --tree")
    hai.write("long.sh", "exec sleep 300\n")
    assert hai("bash", "long.sh", "--", "--name", "my_exp", "-n", 2, "-g", "train.a100").status == 0
    until_status(hai, "my_exp", "running")
    assert talk.sandbox.post("operating/node/cordon", name="n2", reason="disk full")["success"] == 1
    talk("hai-cli nodes --columns name,group,state,user,task,rank,reason")
    talk("hai-cli nodes --tree")
    talk("hai-cli nodes --group train --output name")
    talk("hai-cli nodes --state free")
    talk("hai-cli nodes --group a100 --state cordoned --state working -q")
    talk("hai-cli nodes --group trian")
    talk("hai-cli nodes --state fre")
    talk("hai-cli nodes --tree --columns name")
    talk("hai-cli nodes --tree --json --group train")


def test_json(hai: Cli) -> None:
    """Every node with all that is known of it."""
    rows = json.loads(hai("nodes", "--json").out)
    assert [row["name"] for row in rows] == ["cpu-0", "cpu-1", "cpu-2", "cpu-3"]
    first = rows[0]
    assert (first["state"], first["is_working"], first["working_user"], first["label"]) == ("free", False, None, "default")
    assert first["memory_bytes"] > 1 << 20 and first["cpu"] >= 1


def test_a_tree_of_three_steps() -> None:
    """Dots are steps; nodes and groups may stand at each; a node without any group has a place as well."""
    found = [
        node("a", "train.a100.big", is_working=True, working_user="ada", working_task_id=7, working_task_rank=1),
        node("b", "train.a100"),
        node("c", "dev", category="dev"),
        node("d", None, is_ready=False),
    ]
    assert tree_text(tree_of(found), is_ascii=True) == (
        "train [2]  1 working, 1 free\n"
        "`-- a100 [2]  1 working, 1 free\n"
        "    |-- big [1]  1 working\n"
        "    |   `-- a  working: rank 1 of 7, ada\n"
        "    `-- b  free\n"
        "dev [1]  1 not for training\n"
        "`-- c  not for training\n"
        "- [1]  1 not ready\n"
        "`-- d  not ready\n"
    )
    document = tree_json(tree_of(found))
    assert [group["label"] for group in document["groups"]] == ["train", "dev", ""]
    assert document["groups"][0]["groups"][0]["nodes"] == ["b"]
    assert document["counts"]["total"] == 4


@pytest.mark.parametrize("words", [(), ("--tree",)])
def test_a_terminal_that_takes_only_ascii(hai: Cli, words: tuple[str, ...]) -> None:
    """No escapes where signs of the tree should be."""
    done = hai("nodes", *words, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.status == 0 and done.out.isascii() and "\\" not in done.out
