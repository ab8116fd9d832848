"""``hai-cli monitor``: the overviews, and ``top`` where there is no terminal."""

from __future__ import annotations

import json
import re
import signal
from typing import Callable

from tests.cli.conftest import Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import until_status

Begin = Callable[[str], Transcript]


def test_overviews_transcripts(ada_transcript: Begin) -> None:
    """Of a task that runs and one that waits for it, each in both languages; what differs from machine to machine is looked at apart."""
    talk = ada_transcript("monitor_task-overview")
    talk.hai.write("long.sh", "exec sleep 300\n")
    for task, nodes in (("runs", 1), ("waits", 2)):
        assert talk.hai("bash", "long.sh", "--", "--name", task, "-g", "train.a100", "-p", "LOW", "-n", nodes).status == 0
        if task == "runs":
            until_status(talk.hai, task, "running")
    task_overview(talk)
    quota_overview(ada_transcript("monitor_quota-overview"))
    cluster_overview(ada_transcript("monitor_cluster-overview"))
    storage_overview(ada_transcript("monitor_storage-overview"))
    top(ada_transcript("monitor_top"))


def task_overview(talk: Transcript) -> None:
    talk("hai-cli monitor task-overview --columns position,id,nb_name,user_name,priority,nodes,chain_status,group,assigned_nodes")
    talk("hai-cli monitor task-overview -q")
    talk("hai-cli monitor task-overview --limit 0")
    talk("hai-cli monitor task-overview --limit 1001")
    body = json.loads(talk.hai("monitor", "task-overview", "--json", lang=talk.lang).out)
    assert (body["running"], body["waiting"], body["is_whole"]) == (1, 1, True)
    assert body["counts"] == [{"priority": 0, "running": 1, "waiting": 1, "priority_name": "LOW"}]
    waits = body["tasks"][1]
    assert waits["position"] == 1 and ("held by runs" if talk.lang == "en" else "由 runs 占用") in waits["reason"]
    assert waits["queued_at"] and waits["begin_at"] is None


def quota_overview(talk: Transcript) -> None:
    talk("hai-cli monitor quota-overview")
    talk("hai-cli monitor quota-overview -a --columns group,priority,use")
    talk("hai-cli monitor quota-overview --user bob")
    talk("hai-cli monitor quota-overview --all --output name")


def cluster_overview(talk: Transcript) -> None:
    """Groups with their nodes, and machines; JSON has the same numbers."""
    talk("hai-cli monitor cluster-overview --output xml")
    hai = talk.hai
    shown = hai("monitor", "cluster-overview", "--ascii", lang=talk.lang).out
    assert "[###.......] 33%" in shown and re.search(r"\| train.a100 \| 2 +\| 1 +\| 1 +\| 0 +\| \[#####.....\] 1/2 \|", shown)
    assert re.search(r"\[[#.]{10}\] \d+% ", shown) and re.search(r"\d [GT]iB \|", shown)
    body = json.loads(hai("monitor", "cluster-overview", "--json").out)
    assert (body["total"], body["working"], body["free"], body["other"]) == (3, 1, 2, 0)
    assert [node["state"] for node in body["nodes"]].count("working") == 1
    assert body["use"][0]["processes"] >= 1 and body["machines"][0]["gpus"] == []


def storage_overview(talk: Transcript) -> None:
    talk("hai-cli monitor storage-overview --colums mount")
    hai = talk.hai
    text = hai("monitor", "storage-overview", lang=talk.lang).out
    assert "iB" in text and ("workspaces" if talk.lang == "en" else "工作区") in text
    body = json.loads(hai("monitor", "storage-overview", "--json").out)
    assert body["database_bytes"] > 0 and body["is_whole"]
    assert {one["what"] for disk in body["disks"] for one in disk["holds"]} >= {"state", "logs", "workspace"}


def top(talk: Transcript) -> None:
    """Where there is no terminal: one snapshot, or as many as are wanted, everything in full."""
    talk("hai-cli monitor top --interval 0")
    talk("hai-cli monitor top --interval x")
    talk("hai-cli monitor top --count -1")
    done = talk.hai("monitor", "top", "--ascii")
    assert done.status == 0 and done.err == "" and "\x1b" not in done.out
    lines = done.out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  http://\S+", lines[0]) and lines[1].startswith("Nodes  [###.......]  33% of 3")
    assert [line.strip() for line in lines if re.fullmatch(r" [A-Z]+ \d+", line)] == ["NODES 3", "RUNNING 1", "QUEUE 1"]
    assert "held by runs (running, slice ends " in lines[-1]
    twice = talk.hai("monitor", "top", "--count", 2, "--interval", 0.2).out
    assert twice.count("NODES 3") == 2 and "\n\n" in twice


def test_everybodys_quotas(hai: Cli) -> None:
    """For the owner: nothing is limited and nothing runs, and it says so."""
    done = hai("monitor", "quota-overview", "--user", "*")
    assert done.status == 0 and done.err == "no quotas, and nothing in use: --all shows each priority\n"
    assert json.loads(hai("monitor", "quota-overview", "--user", "*", "--json").out) == []
    done = hai("monitor", "quota-overview", "--user", "nobody")
    assert done.status == 3 and "nobody" in done.err


def test_top_as_json(hai: Cli) -> None:
    """One document, or an object a line."""
    body = json.loads(hai("monitor", "top", "--json").out)
    assert set(body) == {"at", "server", "cluster", "queue"} and body["cluster"]["total"] == 4
    lines = hai("monitor", "top", "--json", "--count", 2, "--interval", 0.2).out.splitlines()
    first, second = (json.loads(line) for line in lines)
    assert first["at"] < second["at"] and first["queue"]["tasks"] == []


def test_nobody_reads_any_more(hai: Cli) -> None:
    """Without end, until the reader has enough: silent."""
    process = hai.start("monitor", "top", "--count", 0, "--interval", 0.2)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    try:
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == b""
    finally:
        process.stderr.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def test_interrupted_between_two_snapshots(hai: Cli) -> None:
    """As everywhere: 130."""
    with hai.start("monitor", "top", "--count", 0, "--interval", 60) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"20")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b"hai-cli: interrupted\n"
