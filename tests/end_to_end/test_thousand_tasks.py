"""A thousand tiny tasks from four processes at once: each accepted one ends with its right code and its whole log."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hfai.client
from hfai.testing import EngineSandbox

PROCESSES, EACH = 4, 250
LINES = 3

SUBMIT = """
import json, sys
import hfai.client
ids = {}
for number in range(int(sys.argv[1]), int(sys.argv[2])):
    task = hfai.client.create_experiment_v2({
        "version": 2, "name": f"tiny-{number}", "priority": 10, "resource": {"node_count": 1},
        "spec": {"workspace": sys.argv[3], "entrypoint": "tiny.sh", "parameters": str(number)},
    })
    ids[number] = task.id
print(json.dumps(ids))
"""
TINY = f'for i in $(seq {LINES}); do echo "$1 line $i"; done\nexit $(($1 % 5))\n'


def _open_files(pid: int) -> tuple[list[str], int]:
    """What a process has open: files and pipes by name, and how many sockets."""
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(entry.readlink()))
    files = sorted(link for link in links if not link.startswith("socket:"))
    return files, len(links) - len(files)


def test_a_thousand_tiny_tasks_from_four_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused, lost, doubled or mixed up, and nothing is left: no process, no open file, no temporary file."""
    (tmp_path / "tiny.sh").write_text(TINY)
    with EngineSandbox({"nodes": 4}) as sandbox:
        for name in ("HFAI_HOME", "HFAI_ENGINE_DIR"):
            monkeypatch.setenv(name, sandbox.env[name])
        assert hfai.client.get_experiments(1, 1) == (0, [])  # this process keeps a connection from now on
        before = _open_files(sandbox.pid)

        def submit(process: int) -> dict[str, int]:
            first = process * EACH
            command = [sys.executable, "-c", SUBMIT, str(first), str(first + EACH), str(tmp_path)]
            done = subprocess.run(command, env=sandbox.env, capture_output=True, text=True, check=True)
            return dict(json.loads(done.stdout))

        with ThreadPoolExecutor(PROCESSES) as pool:
            ids = {
                int(number): run_id for part in pool.map(submit, range(PROCESSES)) for number, run_id in part.items()
            }
        assert len(set(ids.values())) == PROCESSES * EACH

        for number, run_id in ids.items():
            task = hfai.client.wait(hfai.client.get_experiment(id=run_id), timeout=300)
            assert task.nb_name == f"tiny-{number}"
            assert (task.exit_status, task.suspend_count) == (number % 5, 0)
            lines = [line.text for line in hfai.client.stream_logs(task)]
            assert lines == [f"{number} line {line}" for line in range(1, LINES + 1)]

        running = [
            str(found)
            for found in sandbox.left_over()
            if "supervise" not in found.command and "hfai.engine" not in found.command
        ]
        assert running == []
        deadline = time.monotonic() + 20
        while _open_files(sandbox.pid) != before and time.monotonic() < deadline:
            time.sleep(0.05)  # connections that nobody uses are closed after a while
        assert _open_files(sandbox.pid) == before
        temporary = [
            path for path in sandbox.state_dir.rglob("*") if path.suffix in (".new", ".tmp") or path.name == "sock"
        ]
        assert temporary == []
