"""From submission to the first line, and from a line in the task to the same line before the user's eyes."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Row, alternate, most_row, peer_row, python, script, spend
from hfai.testing import EngineSandbox

TITLE = "Latency"
RUNS = 15
LINES = 100

TICKER = """
import time
for _ in range({lines}):
    print(time.time_ns(), flush=True)
    time.sleep(0.03)
"""


def _sdk_first_line(work: str, names: list[int]) -> float:
    """Seconds from `create_experiment_v2` to the first line of the task itself out of `stream_logs`."""
    import hfai.client

    names[0] += 1
    task = {
        "version": 2,
        "name": f"first-line-{names[0]}",
        "priority": 30,
        "spec": {"workspace": work, "entrypoint": "hello.sh", "parameters": "", "environments": {}},
        "resource": {"image": "default", "group": "default", "node_count": 1},
    }
    began = time.perf_counter()
    experiment = hfai.client.create_experiment_v2(task)
    lines = hfai.client.stream_logs(experiment, follow=True)
    spent = next(time.perf_counter() - began for line in lines if line.text == "hello")
    hfai.client.wait(experiment, timeout=30)
    return spent


def _cli_first_line(env: dict[str, str], work: str, names: list[int]) -> float:
    """Seconds from typing `hai-cli run -f` to the first line of the task on the screen."""
    names[0] += 1
    began = time.perf_counter()
    with subprocess.Popen(
        [script("hai-cli"), "run", "hello.yaml", "-f", "--name", f"first-line-{names[0]}"],
        env=env,
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        spent = next(time.perf_counter() - began for line in process.stdout if line.rstrip().endswith(b"] hello"))
        process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"hai-cli run -f ended with {process.returncode}")
    return spent


def _line_delays(env: dict[str, str], work: str) -> list[float]:
    """Seconds from a task's print to the same line out of `hai-cli logs -f`, for each of many lines."""
    submit = [script("hai-cli"), "python", "ticker.py", "--", "-n", "1", "--name", "ticker", "-f"]
    with subprocess.Popen(submit, env=env, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        delays = []
        for line in process.stdout:
            now = time.time_ns()
            word = line.split()[-1] if line.startswith(b"[") else b""
            if word.isdigit():
                delays.append((now - int(word)) / 1e9)
    if len(delays) != LINES:
        raise RuntimeError(f"{len(delays)} lines of {LINES} arrived")
    return delays


def measure() -> list[Row]:
    with EngineSandbox({"precheck": "on"}) as engine, tempfile.TemporaryDirectory() as work:
        env = {**os.environ, **engine.env}
        os.environ.update(engine.env)
        (Path(work) / "hello.sh").write_text("echo hello\n")
        (Path(work) / "ticker.py").write_text(TICKER.format(lines=LINES))
        (Path(work) / "hello.yaml").write_text(
            f"version: 2\nname: hello\npriority: 30\nspec: {{workspace: {work}, entrypoint: hello.sh}}\nresource: {{node_count: 1}}\n"
        )
        names = [0]
        found = [(name, peer) for name, peer in peers.first_line(work).items()]
        figures = alternate(
            RUNS,
            lambda: _sdk_first_line(work, names),
            lambda: _cli_first_line(env, work, names),
            lambda: spend([python(), "-c", "import requests"]),
            *[peer for _, peer in found],
        )
        sdk, cli, floor = (statistics.median(kept) * 1e3 for kept in figures[:3])
        peers.close()
        delays = _line_delays(env, work)
    return [
        most_row("SDK: `create_experiment_v2` to the first line", sdk, "ms", 100),
        most_row(
            "CLI: `hai-cli run -f` to the first line",
            cli,
            "ms",
            floor + 150,
            f"`import requests` {floor:.0f} ms + 150 ms",
        ),
        most_row("a line of the task to a follower's screen, median", statistics.median(delays) * 1e3, "ms", 50),
        peer_row("... the slowest of 100 lines", max(delays) * 1e3, "ms"),
        *[
            peer_row(f"{name}: submission to first line", statistics.median(kept) * 1e3, "ms")
            for (name, _), kept in zip(found, figures[3:])
        ],
    ]
