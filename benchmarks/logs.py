"""Large logs: a task that writes 100 MB in lines of 100 bytes, captured, and followed to its end.

`tail -F` follows the very file that the supervisor writes, so both followers wait for the same writer. They have begun to follow when it
begins to write: what starting a follower costs is another measurement.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, alternate, ratio_row, script, spend
from hfai.testing import EngineSandbox

TITLE = "Large logs"
RUNS = 15
LINES = 1_000_000
LINE = b"x" * 99 + b"\n"
STAMPED_BYTES = LINES * (len(LINE) + 29)


def _submit(work: str, names: list[int], script_name: str) -> Any:
    import hfai.client

    names[0] += 1
    return hfai.client.create_experiment_v2(
        {
            "version": 2,
            "name": f"big{names[0]}",
            "priority": 30,
            "spec": {"workspace": work, "entrypoint": script_name},
            "resource": {"node_count": 1},
        }
    )


def _log_of(task: Any) -> Path:
    return Path(os.environ["HFAI_ENGINE_DIR"]) / "runs" / str(task.id // 1000) / str(task.id) / "0" / "log.0"


def _end(task: Any) -> None:
    """Take the log away: the kernel would be writing it to the disk during the next measurement."""
    import hfai.client

    hfai.client.wait(task, timeout=120)
    _log_of(task).unlink()


def _captured(work: str, names: list[int]) -> float:
    import hfai.client

    began = time.perf_counter()
    task = _submit(work, names, "big.sh")
    hfai.client.wait(task, timeout=120)
    spent = time.perf_counter() - began
    _end(task)
    return spent


def _read_all(command: list[str], env: dict[str, str], gate: Path) -> float:
    """Seconds from the opening of the gate until the command has given the whole stamped log."""
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        received = b""
        while b"] ready\n" not in received:
            received += os.read(process.stdout.fileno(), 1 << 20)
        missing = STAMPED_BYTES - len(received.partition(b"] ready\n")[2])
        began = time.perf_counter()
        gate.write_bytes(b"go\n")
        while missing > 0:
            block = os.read(process.stdout.fileno(), 1 << 20)
            if not block:
                raise RuntimeError(f"{command} ended {missing} bytes too early")
            missing -= len(block)
        spent = time.perf_counter() - began
        process.terminate()
        process.stdout.close()
    return spent


def _followed(env: dict[str, str], work: str, names: list[int]) -> float:
    task = _submit(work, names, "gated.sh")
    spent = _read_all([script("hai-cli"), "logs", "-f", str(task.id)], env, Path(work) / "gate")
    _end(task)
    return spent


def _tailed(env: dict[str, str], work: str, names: list[int]) -> float:
    task = _submit(work, names, "gated.sh")
    path = _log_of(task)
    while not path.exists():  # tail would look for a missing file once a second only
        time.sleep(0.001)
    spent = _read_all(["tail", "-c", "+1", "-F", str(path)], env, Path(work) / "gate")
    _end(task)
    return spent


def measure() -> list[Row]:
    config = {"log_segment_bytes": 1 << 30}
    with EngineSandbox(config) as engine, tempfile.TemporaryDirectory() as work:
        env = {**os.environ, **engine.env}
        os.environ.update(engine.env)
        with (Path(work) / "big").open("wb") as big:
            for _ in range(100):
                big.write(LINE * (LINES // 100))
        (Path(work) / "big.sh").write_text("exec cat big\n")
        (Path(work) / "gated.sh").write_text("echo ready\nread go < gate\nexec cat big\n")
        os.mkfifo(Path(work) / "gate")
        names = [0]
        captured, followed, tailed, copied = alternate(
            RUNS,
            lambda: _captured(work, names),
            lambda: _followed(env, work, names),
            lambda: _tailed(env, work, names),
            lambda: spend(["sh", "-c", f"cat {work}/big | cat > {work}/copy"]),
        )
    floor = "`cat file \\| cat > file`"
    return [
        ratio_row("capture of a 100 MB log, submission to end", captured, floor, copied, 5.0),
        ratio_row("following it with `logs -f` to its end", followed, floor, copied, 5.0),
        ratio_row("the same against `tail -F`", followed, "`tail -F`", tailed, 1.0),
    ]
