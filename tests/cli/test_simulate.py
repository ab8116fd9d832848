"""``platform simulate``: small traces, figures that are right by hand, and files that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import HAI_CLI, Cli

# Two users, one node: the second comes while the first has four hours to go.
TRACE = """timestamp,duration,num_gpus,user,priority
2026-01-01 00:00:00,18000,1,ann,NORMAL
2026-01-01 01:00:00,600,1,bob,NORMAL
2026-01-01 01:30:00,60,1,bob,HIGH
"""


@pytest.fixture
def with_trace(cli: Cli) -> Cli:
    cli.write("trace.csv", TRACE)
    return cli


def test_the_figures(with_trace: Cli) -> None:
    """Under FIFO both wait for the first; time-sharing lets them in: after the slice, and at once."""
    done = with_trace("platform", "simulate", "--trace", "trace.csv", "--nodes", 1, "--json")
    assert (done.status, done.err) == (0, "")
    report = json.loads(done.out)
    assert (report["jobs"], report["nodes"], report["arriving_s"]) == (3, 1, 5400)
    ours, fifo = report["time_sharing"], report["fifo"]
    assert fifo["wait_under_one_hour_s"]["max"] == 14400
    assert fifo["wait_by_priority_s"]["HIGH"]["mean"] == 13200
    assert ours["wait_by_priority_s"]["HIGH"]["mean"] == 5
    assert ours["wait_under_one_hour_s"]["max"] <= 3600
    assert ours["interruptions_max"] >= 1 and fifo["interruptions_max"] == 0


def test_the_tables(with_trace: Cli) -> None:
    """Both sides beside each other, in both languages; no bar where there is no terminal."""
    done = with_trace("platform", "simulate", "--trace", "trace.csv", "--nodes", 1)
    assert (done.status, done.err) == (0, "")
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in map(split, done.out.splitlines())}
    assert rows["work under one hour"][0] == "2" and rows["work under one hour"][4:] == ["3.8 h", "4.0 h", "4.0 h"]
    assert rows["HIGH"][:2] == ["1", "5 s"] and rows["1 node"][0] == "3"
    assert rows["interruptions per task: mean, most"][1] == "0.00, 0"
    said = with_trace("platform", "simulate", "--trace", "trace.csv", "--nodes", 1, lang="zh").out
    assert "排队时间" in said and "1 个节点" in said


def split(line: str) -> list[str]:
    return line.split("|") if line.startswith("|") else ["", line, ""]


def test_the_options_count(with_trace: Cli) -> None:
    """An option wins over the policy file; a load compresses the arrivals; a chart is drawn."""
    with_trace.write("engine.yaml", "nodes: 3\nslice_s: 100\nmin_slice_s: 50\ndemote_after_s: 7\n")
    words = ["--trace", "trace.csv", "--nodes", 2, "--policy", "engine.yaml", "--slice", 200, "--load", "0.5"]
    words += ["--restart-cost", 1, "--checkpoint-interval", 10, "--acknowledge-every", 1, "--plot", "nodes.svg"]
    report = json.loads(with_trace("platform", "simulate", *words, "--json").out)
    assert report["policy"] == {
        "slice_s": 200,
        "min_slice_s": 50,
        "patience_s": 86400,
        "demote_after_s": 7,
        "restart_s": 1,
        "grace_s": 5,
        "checkpoint_s": 10,
        "acknowledge_every": 1,
    }
    assert report["offered_load"] == pytest.approx(0.5)
    chart = ElementTree.fromstring((with_trace.cwd / "nodes.svg").read_text())
    assert len(chart.findall("{http://www.w3.org/2000/svg}polyline")) == 2


def test_one_task(cli: Cli) -> None:
    """No load can be said of a moment; the chart goes to the end of the work."""
    cli.write("one.csv", "timestamp,duration,nodes\n0,100,2\n")
    done = cli("platform", "simulate", "--trace", "one.csv", "--nodes", 2, "--load", 0.9, "--plot", "one.svg")
    assert (done.status, done.err) == (0, "") and "offered load: -" in done.out
    assert (cli.cwd / "one.svg").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--trace", "none.csv", "--nodes", "1"), "none.csv: No such file or directory"),
        (("--trace", "bad.csv", "--nodes", "1"), "bad.csv:2: duration is 'long'"),
        (("--trace", "endless.csv", "--nodes", "1"), "endless.csv:2: a number without an end"),
        (("--trace", "trace.csv", "--nodes", "0"), "--nodes 0: it must be 1 or more"),
        (("--trace", "trace.csv", "--nodes", "1", "--load", "nan"), "--load nan: it must be 0.01 or more"),
        (("--trace", "trace.csv"), "required: --nodes"),
        (("--trace", "trace.csv", "--nodes", "1", "--policy", "wrong.yaml"), "wrong.yaml: unknown key slice: did you"),
        (("--trace", "trace.csv", "--nodes", "1", "--policy", "none.yaml"), "none.yaml: No such file or directory"),
        (("--trace", "trace.csv", "--nodes", "1", "--plot", "none/x.svg"), "cannot write the chart none/x.svg"),
    ],
)
def test_what_cannot_be_used(with_trace: Cli, words: tuple[str, ...], said: str) -> None:
    """One line and exit status 2, in both languages."""
    with_trace.write("bad.csv", "timestamp,duration,nodes\n1,long,1\n")
    with_trace.write("endless.csv", "timestamp,duration,nodes\n1,inf,1\n")
    with_trace.write("wrong.yaml", "slice: 5\n")
    done = with_trace("platform", "simulate", *words)
    assert (done.status, done.out) == (2, "") and done.err.count("\n") == 1
    assert said in done.err
    assert with_trace("platform", "simulate", *words, lang="zh").status == 2


def test_a_bar_on_a_terminal(with_trace: Cli) -> None:
    """Wiped at the end; stdout has the tables alone."""
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [HAI_CLI, "platform", "simulate", "--trace", "trace.csv", "--nodes", "1"],
            env={**with_trace.env, "TERM": "xterm"},
            cwd=with_trace.cwd,
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=False,
        )
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0 and b"replaying" not in done.stdout
    assert "replaying 3 tasks [" in shown and shown.endswith("\r\x1b[J")
