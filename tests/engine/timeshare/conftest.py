"""A real engine and a task that knows how to save: counts steps, keeps them in a file, and yields when it is told to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

from hfai.testing import EngineSandbox

# Only the standard library and the documented files (docs/architecture.md): what any client of any language could do.
TASK = """
import fcntl, json, mmap, os, signal, socket, sys, time
node = open("node." + os.environ["NODE_NAME"], "w")
try:
    fcntl.flock(node, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("somebody else is on my node", flush=True)
    sys.exit(42)
fd = os.open(os.environ["HFAI_CONTROL"], os.O_RDWR)
page = mmap.mmap(fd, 4096)
rank, name = os.environ["RANK"], sys.argv[1]
steps, manner = int(sys.argv[2]), sys.argv[3]
if manner == "stubborn":  # saves, and leaves when it is killed
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
path, end = f"{name}.saved", f"{name}.end"

def ask(**message):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(os.path.join(os.environ["HFAI_TASK_SOCKET_DIR"], "sock"))
        peer.sendall(json.dumps(message).encode() + b"\\n")
        return json.loads(peer.makefile().readline())

def save(step):
    with open(path + ".new", "w") as file:
        file.write(str(step))
    os.replace(path + ".new", path)

if rank != "0":
    print("begin", flush=True)
    while not os.path.exists(end):
        time.sleep(0.02)
    sys.exit(0)
done = int(open(path).read()) if os.path.exists(path) else 0
print("begin", done, flush=True)
while done < steps:
    time.sleep(0.02)
    done += 1
    if page[8] and manner != "ignores":
        page[9] = 1
        if manner == "slow":
            time.sleep(0.3)
        if manner == "crashes" and not os.path.exists(path + ".new"):  # once
            open(path + ".new", "w").close()
            os._exit(9)
        save(done)
        if manner == "unheard":
            continue
        print("saved", done, flush=True)
        assert ask(action="set_whole_life_state", state=done)["ok"]
        assert ask(action="go_suspend")["ok"]
        time.sleep(600)
save(done)
open(end, "w").close()
print("done", done, flush=True)
"""


class Shared:
    """An engine in its own process, and tasks for it."""

    def __init__(self, sandbox: EngineSandbox, workspace: Path) -> None:
        self.sandbox = sandbox
        self.workspace = workspace

    def submit(
        self, name: str, steps: int = 3000, manner: str = "saves", nodes: int = 1, **more: Any
    ) -> dict[str, Any]:
        """A task of so many steps of 20 ms; ``manner``: how it takes a suspension."""
        body = {
            "version": 2,
            "name": name,
            "priority": more.pop("priority", 30),
            "spec": {
                "workspace": str(self.workspace),
                "entrypoint": more.pop("entrypoint", "task.py"),
                "parameters": f"{name} {steps} {manner}",
            },
            "resource": {"node_count": nodes},
            "options": more,
        }
        answer = self.sandbox.post("operating/task/create", body)
        assert answer["success"] == 1, answer
        return dict(answer["task"])

    def task(self, name: str) -> dict[str, Any]:
        return dict(self.sandbox.post("query/task", nb_name=name)["result"]["task"])

    def until(
        self, name: str, is_so: Callable[[dict[str, Any]], Optional[object]], deadline_s: float = 30
    ) -> dict[str, Any]:
        """Wait until something is so of a task."""
        end = time.monotonic() + deadline_s
        while not is_so(task := self.task(name)):
            assert time.monotonic() < end, (task, self.sandbox.log)
            time.sleep(0.02)
        return task

    def begun(self, name: str) -> dict[str, Any]:
        """Wait until every rank of the newest run has begun to count."""
        return self.until(name, lambda task: task["_pods_"] and all(
            "begin" in self.log(task["id"], pod["job_id"]) for pod in task["_pods_"]))  # fmt: skip

    def finished(self, name: str) -> dict[str, Any]:
        return self.until(name, lambda task: task["chain_status"] == "finished")

    def log(self, run_id: int, rank: int = 0) -> str:
        path = self.rank_dir(run_id, rank) / "log.0"
        return path.read_text() if path.exists() else ""

    def rank_dir(self, run_id: int, rank: int = 0) -> Path:
        return self.sandbox.state_dir / "runs" / str(run_id // 1000) / str(run_id) / str(rank)


@pytest.fixture
def settings() -> dict[str, Any]:
    """What engine.yaml says; overridden where a test wants something else."""
    return {"nodes": 4, "stop_grace_s": 1, "gang_grace_s": 0.3, "suspend_grace_s": 2, "restart_delay_s": 0.1}


@pytest.fixture
def shared(settings: dict[str, Any], tmp_path: Path) -> Iterator[Shared]:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "task.py").write_text(TASK)
    with EngineSandbox(settings) as sandbox:
        yield Shared(sandbox, workspace)
