"""What ``prof`` prints of a profile, from one whose figures are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from hfai.cli.prof_report import profile_json, profile_text
from hfai.client import Profile, RankProfile
from hfai.client._profile._stacks import Stacks
from hfai.model.phrase import Phrase

GIB = 1 << 30
TWO = range(2)


def seen() -> Profile:
    """Two samples of a rank with a GPU, twelve processes and one thread; and a rank of which there is nothing."""
    basic = [
        {"at": 9.0, "elapsed_s": 1.0 + at, "cpu_percent": 150.0 + 50 * at, "memory_rss_bytes": GIB * (1 + at), "processes": 12,
         "disk_read_bytes_per_s": 0, "written_bytes_per_s": 1536, "threads": 40}
        for at in TWO
    ]  # fmt: skip
    processes = [
        {"at": 9.0, "pid": 100 + pid, "name": "python3", "cpu_percent": 10.0 * pid, "memory_rss_bytes": GIB}
        for pid in range(12)
        for _ in TWO
    ]
    gpu = [
        {"at": 9.0, "elapsed_s": 1.0 + at, "gpu": 3, "name": "NVIDIA X", "utilization_percent": 80 + 10 * at, "power_w": 300.4,
         "memory_used_bytes": 40 * GIB, "memory_total_bytes": 80 * GIB, "task_memory_bytes": 0, "temperature_c": None}
        for at in TWO
    ]  # fmt: skip
    stacks = Stacks()
    frames: list[list[Any]] = [["train", "/w/train.py", 3], ["matmul", "/x/lib/python3.11/site-packages/torch/functional.py", 7]]
    thread = {"pid": 100, "thread": "1", "name": "MainThread", "command": "train.py", "samples": [[[0, 1], 3], [[0], 1]]}
    stacks.add({"frames": frames, "threads": [thread], "interval_s": 0.01})
    skipped = {"gpu": Phrase("the node of this rank has no GPU (CUDA_VISIBLE_DEVICES={value})", value="")}
    return Profile(
        7,
        "x",
        (
            RankProfile(0, "gpu-3", 7, basic, processes, gpu, stacks, {}, 2.0, "time"),
            RankProfile(1, "gpu-4", 7, skipped=skipped, elapsed_s=2.0, ended_by="task"),
        ),
    )


def test_the_text(golden: Callable[[str, str], None]) -> None:
    """Units that fit, what is always nothing left out, the busiest first, library paths short."""
    golden("prof_report.txt", profile_text(seen(), Path("prof_x_7"), [Path("prof_x_7/rank_0_basic.csv")]))


def test_the_document() -> None:
    """What the text leaves out is in it; it is JSON."""
    body = json.loads(json.dumps(profile_json(seen(), Path("/p"), [Path("/p/a.csv")])))
    assert (body["id"], body["nb_name"], body["directory"], body["files"]) == (7, "x", "/p", ["a.csv"])
    first, second = body["ranks"]
    power = next(one for one in first["metrics"] if one["name"] == "power_w")
    assert power == {"name": "power_w", "unit": "watt", "gpu": 3, "mean": 300.4, "peak": 300.4, "values": [300.4, 300.4]}
    assert {"disk_read_bytes_per_s", "task_memory_bytes"} <= {one["name"] for one in first["metrics"]}
    assert "temperature_c" not in {one["name"] for one in first["metrics"]}
    assert len(first["processes"]) == 12 and first["processes"][0]["cpu_percent_mean"] == 110
    assert first["python"]["functions"][0]["self_share"] == 0.75
    assert (second["metrics"], second["processes"], second["python"], second["ended_by"]) == ([], [], None, "task")
    assert second["skipped"] == {"gpu": "the node of this rank has no GPU (CUDA_VISIBLE_DEVICES=)"}
