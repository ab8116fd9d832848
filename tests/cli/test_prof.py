"""``prof``: files, summary and JSON of a real task; Ctrl-C; what it refuses; its texts in both languages."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Callable, Iterator

import pytest

from hfai.cli.parsing import parser_of
from hfai.cli.sparkline import sparkline
from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import until, until_status

BUSY = "print('begun', flush=True)\ndef loop_work():\n    while True: sum(range(1000))\nloop_work()\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


def begun(hai: Cli, name: str, script: str = BUSY) -> None:
    hai.write(f"{name}.py", script)
    assert hai("python", f"{name}.py", "--", "--name", name).status == 0
    until(lambda: "begun" in hai("logs", name).out)


def test_a_python_task(hai: Cli) -> None:
    """The summary names the function that takes the time, and the files; --json has the same in figures."""
    begun(hai, "busy")
    done = hai("prof", "busy", "--time", "1.5", "--interval", "basic=0.3,python=0.02")
    assert done.status == 0, done.err
    assert "sampling task 1 (busy), rank 0, for 1.5 s; Ctrl-C ends it and keeps what there is\n" in done.err
    assert "Traceback" not in done.err and "rank 0, python" not in done.err
    for text in ("rank 0, cpu-", ", 1.5 s", "| cpu ", " MiB ", "Python: ", "| loop_work ", "busy.py:3", "files in prof_busy_1:\n"):
        assert text in done.out
    assert sorted(path.name for path in (hai.cwd / "prof_busy_1").iterdir()) == [
        "rank_0_basic.csv",
        "rank_0_flamegraph.svg",
        "rank_0_processes.csv",
        "rank_0_stacks.speedscope.json",
    ]
    done = hai("prof", "busy", "--time", "1", "--json", "--recorder", "basic,python", "--interval", "basic=0.2", "-d", "deep/er")
    body = json.loads(done.out)
    assert done.status == 0 and set(body) == {"id", "nb_name", "directory", "files", "ranks"}
    assert body["directory"] == str(hai.cwd / "deep" / "er") and (hai.cwd / "deep" / "er" / body["files"][0]).exists()
    (rank,) = body["ranks"]
    assert set(rank) == {"rank", "node", "run", "elapsed_s", "ended_by", "skipped", "metrics", "processes", "python"}
    assert (rank["rank"], rank["run"], rank["elapsed_s"], rank["ended_by"], rank["skipped"]) == (0, 1, 1.0, "time", {})
    cpu = rank["metrics"][0]
    assert (cpu["name"], cpu["unit"], cpu["gpu"]) == ("cpu_percent", "percent", None) and len(cpu["values"]) >= 2
    assert rank["python"]["functions"][0]["function"] == "loop_work" and rank["python"]["samples"] > 2
    assert [set(one) for one in rank["processes"]] == [{"pid", "name", "cpu_percent_mean", "memory_rss_bytes_peak"}]
    # A name that is taken: the next one; the default is made for each.
    done = hai("prof", "busy", "--time", "0.3", "--recorder", "basic", "--interval", "basic=0.1", "-o", "name")
    assert (done.status, done.out) == (0, "prof_busy_1_2/rank_0_basic.csv\nprof_busy_1_2/rank_0_processes.csv\n")
    assert hai("stop", "busy").status == 0


@pytest.mark.parametrize(
    ("words", "intervals"),
    [
        ("exp --interval basic=2 gpu=3", ["basic=2", "gpu=3"]),
        ("--interval basic=2 gpu=3 exp", ["basic=2", "gpu=3"]),
        ("--interval=basic=2 gpu=3 exp --interval python=0.1", ["basic=2", "gpu=3", "python=0.1"]),
        ("--interval basic=2,gpu=3 exp", ["basic=2,gpu=3"]),
        ("--interval basic=2 --idle exp", ["basic=2"]),
        ("--interval basic=2 -- exp", ["basic=2"]),
        ("exp --interval basic=2 cpu=3", ["basic=2", "cpu=3"]),
    ],
)
def test_several_intervals_behind_one_option(words: str, intervals: list[str]) -> None:
    """Wherever they stand, the task stays the task."""
    arguments = parser_of(("prof",)).parse_args(words.split())
    assert (arguments.experiment, arguments.interval) == ("exp", intervals)


def test_a_task_may_be_named_like_an_interval() -> None:
    arguments = parser_of(("prof",)).parse_args(["--interval", "basic=2", "lr=0.1"])
    assert (arguments.experiment, arguments.interval) == ("lr=0.1", ["basic=2"])


def test_what_was_sampled_from_the_start(hai: Cli) -> None:
    """``--options profile.time``: nobody had to type prof while it ran."""
    hai.write("short.py", BUSY.replace("while True", "for _ in range(10**9)").replace("10**9", "60_000"))
    options = ("--options", "profile.time=600", "--options", "profile.interval.basic=0.1")
    assert hai("python", "short.py", "--", "--name", "short", *options).status == 0
    assert hai("wait", "short").status == 0
    done = hai("prof", "short", "--saved", "-d", "saved")
    assert done.status == 0 and "rank 0: the run ended after " in done.err
    assert "| cpu " in done.out and (hai.cwd / "saved" / "rank_0_basic.csv").exists()


def test_ctrl_c_keeps_what_was_sampled(hai: Cli) -> None:
    """The files are there, it says that the task goes on, and it does."""
    begun(hai, "cut")
    client = hai.start("prof", "cut", "--time", "600", "--interval", "basic=0.1", "-d", "cut")
    assert client.stderr is not None and client.stderr.readline().startswith(b"sampling task")
    until(lambda: spies_of(hai))
    client.send_signal(signal.SIGINT)
    out, err = client.communicate(timeout=DEADLINE_S)
    assert client.returncode == 130
    assert b"ending early; the task goes on" in err and b"Traceback" not in err
    assert (hai.cwd / "cut" / "rank_0_basic.csv").exists() and b"files in cut:" in out
    assert until_status(hai, "cut", "running")
    until(lambda: not spies_of(hai))
    assert hai("stop", "cut").status == 0


def spies_of(hai: Cli) -> list[str]:
    """The profilers beside the tasks of this engine that are at work on stacks."""
    home, found = hai.env["HFAI_HOME"].encode(), []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
            is_at_work = b"--subprocesses" in command and (entry / "fd" / "2").stat().st_size
            if is_at_work and home in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_full_disk_costs_the_files_alone(hai: Cli) -> None:
    """What was sampled is shown, and why there are no files."""
    begun(hai, "full")
    hai.write("d/x", "")
    (hai.cwd / "d" / "rank_0_basic.csv").symlink_to("/dev/full")
    done = hai("prof", "full", "--time", "0.3", "--recorder", "basic", "--interval", "basic=0.1", "-d", "d")
    assert done.status == 2 and "| cpu " in done.out
    assert done.err.endswith("no files can be written in d (No space left on device): name another directory with --directory\n")
    assert hai("stop", "full").status == 0


def test_a_closed_pipe_is_silent(hai: Cli) -> None:
    begun(hai, "piped")
    client = hai.start("prof", "piped", "--time", "0.3", "--recorder", "basic", "--interval", "basic=0.1", "-d", "p")
    assert client.stdout is not None
    client.stdout.close()
    assert client.stderr is not None
    err = client.stderr.read()
    assert client.wait(DEADLINE_S) == 141 and err.count(b"\n") == 1
    client.stderr.close()
    assert hai("stop", "piped").status == 0


def test_prof_transcript(transcript: Callable[[str], Transcript]) -> None:
    """What it refuses, and what it says where there is nothing to sample."""
    talk = transcript("prof")
    talk.hai.write("hold.sh", "echo begun; exec sleep 300\n")
    assert talk.hai("bash", "hold.sh", "--", "--name", "held").status == 0
    until(lambda: "begun" in talk.hai("logs", "held").out)
    talk("hai-cli prof held --time 0.3 --recorder python")
    talk("hai-cli prof held --recorder cpu")
    talk("hai-cli prof held --time 0")
    talk("hai-cli prof held --time soon")
    talk("hai-cli prof held --interval basic")
    talk("hai-cli prof held --interval python=9")
    talk("hai-cli prof held --interval basic=2 gpus=1")
    talk("hai-cli prof --interval basic=2 python=9 held")
    talk("hai-cli prof held -r 1")
    talk("hai-cli prof held -r first")
    talk("hai-cli prof held -d hold.sh")
    talk("hai-cli prof nobody")
    talk("hai-cli prof")
    assert not [path for path in talk.hai.cwd.iterdir() if path.name.startswith("prof_")]
    talk.hai("stop", "held")
    until_status(talk.hai, "held", "finished")
    talk("hai-cli prof held")
    talk("hai-cli prof held --saved")
    talk("hai-cli bash hold.sh -- --options profile.time=never")


def test_sparklines(monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing to the most, never longer than there is room; a flat line is flat."""
    assert sparkline([0, 1, 2, 7]) == "▁▂▃█"
    assert sparkline([]) == "" and sparkline([0, 0]) == "▁▁" and sparkline([3]) == "█"
    assert sparkline([*range(100), 0], width=4) == "▃▄▆█"
    assert len(sparkline(list(range(1000)))) == 24
    with Path(os.devnull).open("w", encoding="ascii") as ascii_only:
        monkeypatch.setattr("sys.stdout", ascii_only)
        assert sparkline([0, 1, 2, 7]) == "_.-@"
