"""Start-up: what each command costs before it does anything, against the interpreter's own floor."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Row, alternate, python, ratio_row, script, spend
from hfai.testing import EngineSandbox

TITLE = "Start-up"
RUNS = 25
SDK = "import hfai.client\nhfai.client.receive_suspend_command()"


def _peak_kib(code: str) -> int:
    """Peak memory of ``python -c code`` in KiB, as the kernel accounts it."""
    pid = os.posix_spawn(
        python(),
        [python(), "-c", code],
        {**os.environ},
        file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{code!r} ended with {status}")
    return usage.ru_maxrss


def _completion(line: str, env: dict[str, str], answers: Path) -> float:
    """Seconds until a Tab after ``line`` is answered, as bash asks for it."""
    complete = {
        **env,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    spent = spend(["sh", "-c", f"exec {script('hai-cli')} 8>{answers} 9>/dev/null"], complete)
    if b"bench_task" not in answers.read_bytes():
        raise RuntimeError(f"Tab after {line!r} did not offer the task: {answers.read_bytes()!r}")
    return spent


def measure() -> list[Row]:
    rows = []
    with EngineSandbox() as engine, tempfile.TemporaryDirectory() as work:
        env = {**os.environ, **engine.env}
        (Path(work) / "bench.sh").write_text("exit 0\n")
        spend([script("hai-cli"), "bash", "bench.sh", "--", "-n", "1", "--name", "bench_task", "-f"], env, work)
        answers = Path(work) / "answers"

        def floor(code: str) -> list[str]:
            return [python(), "-c", code]

        pairs = [
            ("`import hfai.client`, first `receive_suspend_command()`", lambda: spend(floor(SDK)), "pass", 2.0),
            ("`hai-cli --version`", lambda: spend([script("hai-cli"), "--version"], env), "import argparse", 1.5),
            ("`hai-cli --help`", lambda: spend([script("hai-cli"), "--help"], env), "import argparse", 1.5),
            (
                "one Tab with task names",
                lambda: _completion("hai-cli status ", env, answers),
                "import argcomplete",
                1.5,
            ),
            ("`hai-cli list`", lambda: spend([script("hai-cli"), "list"], env), "import requests", 1.3),
            (
                "`hai-cli status`",
                lambda: spend([script("hai-cli"), "status", "bench_task"], env),
                "import requests",
                1.3,
            ),
        ]
        for what, ours, code, budget in pairs:
            figures = alternate(RUNS, ours, lambda code=code: spend(floor(code)), warm_up=2)
            rows.append(ratio_row(what, figures[0], f'`python -c "{code}"`', figures[1], budget))
    more_kib = statistics.median(_peak_kib(SDK) for _ in range(9)) - statistics.median(
        _peak_kib("pass") for _ in range(9)
    )
    rows.append(Row("its memory above `python -c pass`", f"{more_kib / 1024:.1f} MB", "", "3 MB", more_kib <= 3 * 1024))
    return rows
