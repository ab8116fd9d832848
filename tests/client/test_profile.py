"""``profile`` of the SDK: against a real engine, and what it makes of what was seen."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import re
import time
from pathlib import Path
from typing import Any, Callable, Iterator
from xml.etree import ElementTree

import pytest

from hfai.client import (
    Experiment,
    RankProfile,
    _session,
    aio,
    create_experiment_v2,
    open_shell,
    profile,
    saved_profile,
    start_profile,
)
from hfai.client._profile._flamegraph import flamegraph
from hfai.client._profile._profile import Profile
from hfai.client._profile._speedscope import speedscope
from hfai.client._profile._stacks import Stacks
from hfai.model.errors import NotRunning, RankNotFound, RefusedError, TaskNotFound, UsageError
from hfai.testing import EngineSandbox

# Each rank runs Python twice: below the script, and daemonised, so that only the supervisor still knows it.
BUSY = """
echo begun
(setsid python3 -c 'def orphan_work():
    while True: sum(range(1000))
orphan_work()' &)
python3 -c 'def child_work():
    while True: sum(range(1000))
child_work()'
"""


@pytest.fixture
def submit(
    engine_sandbox: EngineSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Experiment]]:
    """Submits a shell script and waits until it has begun."""
    monkeypatch.setenv("MARSV2_SERVER", engine_sandbox.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", engine_sandbox.token)

    def submitted(name: str, script: str, nodes: int = 1, **options: Any) -> Experiment:
        (tmp_path / f"{name}.sh").write_text(script)
        spec = {"workspace": str(tmp_path), "entrypoint": f"{name}.sh"}
        resource = {"node_count": nodes}
        task = create_experiment_v2({"version": 2, "name": name, "spec": spec, "resource": resource, "options": options})
        deadline = time.monotonic() + 30
        while not all("begun" in task.log(rank) for rank in range(nodes)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return task

    yield submitted
    _session.current().close()


def functions(rank: RankProfile) -> set[str]:
    return {hot.function for hot in rank.hottest(50)}


def test_every_process_of_every_rank(submit: Callable[..., Experiment], tmp_path: Path) -> None:
    """What has daemonised is in it, a shell beside the task is not; the files are what their readers want."""
    task = submit("busy", BUSY, nodes=2)
    with open_shell(task, 0, "python3 -c 'def guest_work():\n while True: sum(range(1000))\nguest_work()'"):
        seen = profile(task, 2, ["basic", "python"], {"basic": 0.5, "python": 0.02}, ranks="all")
    assert [(rank.rank, rank.ended_by, rank.skipped) for rank in seen.ranks] == [(0, "time", {}), (1, "time", {})]
    for rank in seen.ranks:
        assert {"orphan_work", "child_work"} <= functions(rank) and "guest_work" not in functions(rank)
        metrics = {metric.name: metric for metric in rank.metrics}
        assert metrics["processes"].peak >= 3 and len(metrics["cpu_percent"].values) >= 2
        assert 0 < metrics["cpu_percent"].mean <= metrics["cpu_percent"].peak
    files = seen.save(tmp_path / "new" / "files")
    assert [path.name for path in files[:4]] == [
        "rank_0_basic.csv",
        "rank_0_processes.csv",
        "rank_0_stacks.speedscope.json",
        "rank_0_flamegraph.svg",
    ]
    rows = list(csv.DictReader(files[0].read_text().splitlines()))
    assert len(rows) == len(seen.ranks[0].basic)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", rows[0]["time"])
    assert float(rows[0]["memory_rss_bytes"]) > 5_000_000
    check_speedscope(json.loads(files[2].read_text()))
    assert ElementTree.parse(files[3]).getroot().tag.endswith("svg")
    # Once more while it runs, as a coroutine; and from the task itself.
    again = asyncio.run(aio.profile(aio.Experiment(task), 0.3, recorders="basic", intervals_s={"basic": 0.1}))
    assert len(again.ranks[0].basic) >= 2 and not again.ranks[0].stacks.threads
    assert task.profile(0.3, recorders="basic", intervals_s={"basic": 0.1}).ranks[0].basic
    task.stop()


def check_speedscope(body: dict[str, Any]) -> None:
    """What speedscope's schema asks of a file."""
    assert body["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert 0 <= body["activeProfileIndex"] < len(body["profiles"])
    for one in body["profiles"]:
        assert (one["type"], one["unit"]) == ("sampled", "seconds")
        assert len(one["samples"]) == len(one["weights"]) > 0
        assert abs(sum(one["weights"]) - one["endValue"]) < 1e-3
        assert all(0 <= at < len(body["shared"]["frames"]) for stack in one["samples"] for at in stack)


def test_it_ends_early_when_asked_and_when_the_task_ends(submit: Callable[..., Experiment]) -> None:
    """What there is comes at once; the task goes on after the one and is over after the other."""
    task = submit("ends", BUSY)
    with start_profile(task, 600, intervals_s={"basic": 0.2}) as profiling:
        next(progress for progress in profiling if progress.samples > 4)
        profiling.stop()
        profiling.stop()
        list(profiling)
        seen = profiling.result().ranks[0]
    assert seen.ended_by == "asked" and seen.elapsed_s < 60 and "child_work" in functions(seen)
    assert task.refresh().chain_status == "running"
    with start_profile(task, 600, intervals_s={"basic": 0.2}) as profiling:
        next(progress for progress in profiling if progress.samples > 4)
        task.stop()
        list(profiling)
        seen = profiling.result().ranks[0]
    assert seen.ended_by == "task" and seen.basic and "child_work" in functions(seen)
    with pytest.raises(NotRunning):
        profile(task.wait(), 1)


def test_what_cannot_be_asked(submit: Callable[..., Experiment]) -> None:
    """Each with the reason; nothing is started for it."""
    task = submit("refused", "echo begun; exec sleep 60")
    with pytest.raises(RankNotFound):
        profile(task, 1, ranks=1)
    with pytest.raises(TaskNotFound):
        profile("nobody", 1)
    with pytest.raises(RefusedError, match=f"nothing of task {task.id} .refused. could be sampled: no process of the rank runs Python"):
        profile(task, 0.3, "python")
    for wrong in (
        {"time_s": 0},
        {"time_s": float("inf")},
        {"recorders": "cpu"},
        {"recorders": []},
        {"recorders": 3},
        {"intervals_s": {"basic": 0.01}},
        {"intervals_s": {"disk": 1}},
        {"time_s": 1, "intervals_s": {"gpu": 2}},
        {"intervals_s": 5},
        {"ranks": "1-0"},
        {"ranks": []},
        {"ranks": "x"},
    ):
        with pytest.raises(UsageError):
            profile(task, **wrong)  # type: ignore[arg-type]
    answer = _session.current()
    for options in (None, {"time": 3}, {"time_s": -1}):
        with pytest.raises((UsageError, RefusedError)):
            answer.post("operating/task/guest/open", {"id": str(task.id)}, {"kind": "profiler", "options": options})
    task.stop()


def test_a_profile_that_begins_with_the_task(submit: Callable[..., Experiment]) -> None:
    """Nobody has to be there for it: not even the engine. It can be had while it is written, and after the end of the task."""
    asked = {"time": 600, "recorder": "basic,python", "interval": {"basic": 0.1}}
    task = submit("begins", BUSY, nodes=2, profile=asked)
    deadline = time.monotonic() + 30
    while not (seen := saved_profile(task)).ranks[0].basic:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    job = task.refresh().jobs[0]
    assert (seen.id, seen.ranks[0].ended_by, seen.ranks[0].node) == (task.id, "unfinished", job.node)
    # On each rank one below the script and one for what has daemonised.
    while len(spies_of(task)) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    task.stop()
    task.wait()
    seen = asyncio.run(aio.saved_profile(aio.Experiment(task), "all"))
    assert [(rank.rank, rank.ended_by) for rank in seen.ranks] == [(0, "task"), (1, "task")]
    assert all({"orphan_work", "child_work"} <= functions(rank) for rank in seen.ranks)
    plain = submit("plain", "echo begun")
    with pytest.raises(RefusedError, match=r"has no profile from its start: submit it with `--options profile\.time=60`"):
        saved_profile(plain)
    with pytest.raises(RankNotFound):
        saved_profile(task, 2)


def spies_of(task: Experiment) -> list[str]:
    """The py-spy beside the ranks of a task that have said that they sample."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            is_ours = b":%d:" % task.id in (entry / "environ").read_bytes().partition(b"HFAI_RUN=")[2].split(b"\0")[0]
            is_at_work = b"--subprocesses" in (entry / "cmdline").read_bytes() and (entry / "fd" / "2").stat().st_size
            if is_ours and is_at_work:
                found.append(entry.name)
    return found


def test_a_profile_that_cannot_be_is_refused_at_submission(submit: Callable[..., Experiment]) -> None:
    """With the key, what was found and what is allowed."""
    for said, problem in (
        (60, "a profile is asked for as profile.time=60, not 60"),
        ({"time": -1}, "the time to profile is more than 0 and at most 86400 seconds, not -1"),
        ({"time": 1, "recorder": "cpu"}, "no recorder cpu: there are basic, gpu, python"),
        ({"time": 1, "interval": 3}, "intervals are given by recorder, as in basic=2, not 3"),
    ):
        with pytest.raises(RefusedError, match=f"^options.profile: {re.escape(problem)}$"):
            submit("wrong", "echo begun", profile=said)


def stacks(**threads: list[tuple[list[str], int]]) -> Stacks:
    """Stacks of functions that are all in one file."""
    found = Stacks()
    names = sorted({name for samples in threads.values() for stack, _ in samples for name in stack})
    body = [
        {
            "pid": 7,
            "thread": name,
            "name": name,
            "command": "train.py",
            "samples": [[[names.index(one) for one in stack], count] for stack, count in samples],
        }
        for name, samples in threads.items()
    ]
    found.add({"frames": [[name, "/w/train.py", 3] for name in names], "threads": body, "interval_s": 0.1})
    return found


def test_hot_functions() -> None:
    """By their own share; a recursive one counts once in a sample; several pieces of a thread are one thread."""
    seen = stacks(a=[(["main", "f", "f"], 3), (["main"], 1)], b=[(["main", "g"], 4)])
    assert [(hot.function, hot.self_share, hot.total_share) for hot in seen.hottest(9)] == [
        ("g", 0.5, 0.5),
        ("f", 0.375, 0.375),
        ("main", 0.125, 1.0),
    ]
    assert [hot.function for hot in seen.hottest(1)] == ["g"]
    seen.add({"frames": [["g", "/w/train.py", 3]], "threads": [], "interval_s": 0.1})
    assert (seen.count, len(seen.threads), len(seen.frames)) == (8, 2, 3)
    assert Stacks().hottest(3) == []


def test_the_flame_graph() -> None:
    """One box per call, each as wide as its share; a name may hold what XML does not like."""
    seen = stacks(a=[(["main", "<lambda> & \x01\"x\""], 1), (["main", "f"], 3)])
    tree = ElementTree.fromstring(flamegraph(seen, "x < y", "note"))
    space = "{http://www.w3.org/2000/svg}"
    boxes = {group.get("data-name"): group for group in tree.iter(f"{space}g")}
    assert set(boxes) == {"all", "process 7 train.py", "thread a", "main", '<lambda> & "x"', "f"}
    wide = {name: float(group.get("data-w") or 0) for name, group in boxes.items()}
    assert wide["all"] == wide["main"] == pytest.approx(wide["f"] / 3 * 4, abs=0.01)
    title = boxes["f"].find(f"{space}title")
    assert title is not None and title.text == "f (/w/train.py:3)\n0.30 s, 75.0%"


def test_deep_and_empty_stacks() -> None:
    """Neither recursion nor nothing is too much for the files."""
    deep = stacks(a=[([f"f{number}" for number in range(1200)], 1)])
    assert flamegraph(deep, "", "").count("<g ") == 251
    assert len(speedscope(deep, "x")["profiles"][0]["samples"][0]) == 1200
    ElementTree.fromstring(flamegraph(Stacks(), "", ""))


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    assert Profile(1, "x", (RankProfile(0, "cpu-0", 1),)).save(tmp_path) == []
