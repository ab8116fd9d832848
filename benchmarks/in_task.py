"""What a training loop pays for asking, in every step, whether it shall suspend."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import Row, most_row, python, script
from hfai.testing import EngineSandbox

TITLE = "Inside a task"
CODE = """
import timeit
from hfai.client import receive_suspend_command
assert receive_suspend_command() is False
print(min(timeit.repeat(receive_suspend_command, number=1_000_000, repeat=7)) , flush=True)
"""


def measure() -> list[Row]:
    with EngineSandbox() as engine, tempfile.TemporaryDirectory() as work:
        (Path(work) / "ask.py").write_text(CODE)
        command = [script("hai-cli"), "python", "ask.py", "--", "-n", "1", "-f"]
        path = f"{Path(python()).parent}{os.pathsep}{os.environ['PATH']}"
        figures = []
        for number in range(5):
            out = subprocess.run(
                [*command, "--name", f"ask{number}"],
                env={**os.environ, **engine.env, "PATH": path},
                cwd=work,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            figures.append(float(out.strip().splitlines()[-1].split()[-1]))
    return [most_row("`receive_suspend_command()`, none pending", statistics.median(figures), "us a call", 0.2)]
