"""Real tasks on this machine: their environment, their ends, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, AsyncIterator, Optional

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.engine import Engine
from hfai.engine.queries import Selector, StopOp, User
from hfai.model.env import VARIABLES
from hfai.model.records import Cause, Task
from hfai.model.states import ChainStatus
from hfai.testing import processes


class Real:
    """An engine with real processes."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.state_dir = directory / "state"
        self.workspace = directory / "workspace"
        self.workspace.mkdir(exist_ok=True)
        settings = {"precheck": "off", "nodes": 4, "stop_grace_s": 2, "gang_grace_s": 0.3, **settings}
        self.config = EngineConfig.from_mapping(settings, state_dir=self.state_dir)

    @contextlib.asynccontextmanager
    async def running(self, *, stop_tasks: bool = True) -> AsyncIterator[Real]:
        self.engine = Engine(self.config)
        await self.engine.start(url="http://127.0.0.1:1")
        try:
            yield self
        finally:
            await self.engine.close(stop_tasks=stop_tasks)
        if stop_tasks:
            end = time.monotonic() + 10
            while (left := processes.of_engine(self.state_dir, [self.engine.engine_id])) and time.monotonic() < end:
                await asyncio.sleep(0.02)
            assert left == []

    @property
    def user(self) -> User:
        user = self.engine.admission.user_of((self.state_dir / "token").read_text().strip())
        assert user is not None
        return user

    def script(self, text: str, name: str = "task.sh") -> None:
        (self.workspace / name).write_text(text)

    def submit(self, name: str, parameters: str = "", nodes: int = 1, **more: Any) -> Task:
        body: dict[str, Any] = {
            "version": 2,
            "name": name,
            "spec": {
                "workspace": str(self.workspace),
                "entrypoint": "task.sh",
                "parameters": parameters,
                **more.pop("spec", {}),
            },
            "resource": {"node_count": nodes},
            **more,
        }
        return self.engine.submit(body, user=self.user)

    def task(self, task: Task) -> Task:
        return self.engine.find(Selector(chain_id=task.chain_id), user=self.user)

    async def reach(self, task: Task, worker_status: Optional[str] = None, deadline_s: float = 30.0) -> Task:
        """Wait for a worker status, or for the end."""

        async def wait() -> Task:
            with self.engine.watch(task.chain_id) as change:
                while True:
                    now = self.task(task)
                    if now.newest.worker_status == worker_status:
                        return now
                    if now.chain_status is ChainStatus.FINISHED and worker_status is None:
                        return now
                    await change.changed()

        return await asyncio.wait_for(wait(), deadline_s)

    def log(self, task: Task, rank: int = 0) -> str:
        """The lines of a rank without their stamps."""
        path = self.engine.rank_dir(self.task(task).id, rank) / "log.0"
        return "".join(line[29:] for line in path.read_text().splitlines(keepends=True))


def test_four_ranks_find_each_other(tmp_path: Path) -> None:
    """World size, ranks and one free port; every job on its own node."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script('echo "$RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT on $NODE_NAME"\n')
            task = await real.reach(real.submit("four", nodes=4))
            assert (task.newest.worker_status, int(task.newest.stop_code)) == ("succeeded", 1)
            lines = [real.log(task, rank).strip() for rank in range(4)]
            ports = {line.split(":")[1].split()[0] for line in lines}
            assert len(ports) == 1
            port = ports.pop()
            assert lines == [f"{rank} of 4 at 127.0.0.1:{port} on cpu-{rank}" for rank in range(4)]
            assert 20000 <= int(port) < 32768
            assert [job.exit_code for job in task.jobs] == [0] * 4
            assert all(job.begin_at and job.end_at for job in task.jobs)

    asyncio.run(work())


def test_the_environment_is_as_documented(tmp_path: Path) -> None:
    """Shell, then task file, then platform; every documented variable is there, with values exactly as given."""
    odd = {"QUOTES": "a 'b' \"c\" $HOME `d`\\", "LINES_": "one\ntwo\n", "NON_ASCII": "变量 é", "RANK": "9", "EMPTY": ""}

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("import json, os; print(json.dumps(dict(os.environ)))\n", "env.py")
            shell = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": "/shell",
                "HOME": "/home/x",
                "LINES_": "shell",
                "RAW": "\udcff",
            }
            spec = {"entrypoint": "env.py", "environments": {**odd, "HOME": "/own"}}
            one = await real.reach(real.submit("env", spec=spec, shell_environment=shell))
            environ = json.loads(real.log(one))
            assert {name: environ[name] for name in odd if name != "RANK"} == {
                name: value for name, value in odd.items() if name != "RANK"
            }
            assert (environ["RANK"], environ["HOME"], environ["RAW"]) == ("0", "/own", "\udcff")
            assert environ["PYTHONPATH"] == f"{real.workspace}:/shell"
            assert environ["MARSV2_NB_NAME"] == "env"
            assert environ["MARSV2_USER_TOKEN"] == (real.state_dir / "token").read_text().strip()
            assert Path(environ["MARSV2_LOG_FILE_PATH"]) == real.engine.rank_dir(one.id, 0) / "log.0"
            bare = await real.reach(real.submit("bare", spec={"entrypoint": "env.py"}))
            documented = {name for name, set_by, _ in VARIABLES if set_by == "task"} - {"HFAI_VALIDATION"}
            environ = json.loads(real.log(bare))
            assert documented - set(environ) == set()
            assert "CUDA_VISIBLE_DEVICES" not in environ
            assert environ["PATH"].startswith("/usr/local/sbin:")

    asyncio.run(work())


def test_gpus_of_a_node_are_the_tasks(tmp_path: Path) -> None:
    """Each rank sees the GPUs of its own node and no others."""

    async def work() -> None:
        nodes = [{"name": "a", "gpus": [0, 1]}, {"name": "b", "gpus": [2]}]
        async with Real(tmp_path, nodes=nodes).running() as real:
            real.script('echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER"\n')
            task = await real.reach(real.submit("gpus", nodes=2, spec={"environments": {"CUDA_VISIBLE_DEVICES": "7"}}))
            assert [real.log(task, rank) for rank in (0, 1)] == ["0,1 PCI_BUS_ID\n", "2 PCI_BUS_ID\n"]
            assert [job.assigned_gpus for job in task.jobs] == [(0, 1), (2,)]

    asyncio.run(work())


def test_one_rank_fails_and_the_others_are_stopped(tmp_path: Path) -> None:
    """After the grace; the end names the rank, its code and its last lines."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script('if [ $RANK = 2 ]; then echo "no such file" >&2; exit 7; fi; sleep 60\n')
            task = await real.reach(real.submit("fails", nodes=3))
            end = task.newest.end
            assert end is not None
            assert (end.cause, end.rank, end.exit_code, end.exit_status) == (Cause.USER_CODE, 2, 7, 7)
            assert end.last_lines == ("no such file",)
            assert [job.status.value for job in task.jobs] == ["stopped", "stopped", "failed"]
            assert (task.newest.worker_status, int(task.newest.stop_code)) == ("failed", 129)

    asyncio.run(work())


def test_a_signal_and_a_command_that_cannot_be_executed(tmp_path: Path) -> None:
    """128 plus the signal; 126 or 127 as a shell says it."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("kill -SEGV $$\n")
            real.script("#!/nonexistent/interpreter\n", "data")
            (real.workspace / "data").chmod(0o755)
            crashed = await real.reach(real.submit("crash"))
            broken = await real.reach(
                real.submit("broken", spec={"entrypoint": "./data", "entrypoint_executable": True})
            )
            assert crashed.newest.end is not None and broken.newest.end is not None
            assert (crashed.newest.end.exit_status, crashed.newest.end.signal) == (139, signal.SIGSEGV)
            assert broken.newest.end.exit_status in (126, 127)
            assert broken.newest.end.cause is Cause.USER_CODE
            assert "could not be started" in broken.newest.end.message

    asyncio.run(work())


@pytest.mark.parametrize(
    ("op", "worker_status", "stop_code"),
    [(StopOp.STOP, "stopped", 1025), (StopOp.FAIL, "failed", 8193), (StopOp.SUCCEED, "succeeded", 4097)],
)
def test_stop(tmp_path: Path, op: StopOp, worker_status: str, stop_code: int) -> None:
    """A task that ignores TERM is killed after the grace, with everything it has started."""

    async def work() -> None:
        async with Real(tmp_path, stop_grace_s=0.3).running() as real:
            real.script("trap '' TERM; setsid sleep 300 & echo ready; while :; do sleep 0.1; done\n")
            task = await real.reach(real.submit("stubborn", nodes=2), "running")
            assert await real.engine.stop(task, op) == "stopping"
            task = await real.reach(task)
            assert (task.newest.worker_status, int(task.newest.stop_code)) == (worker_status, stop_code)
            assert processes.of_engine(real.state_dir, []) == []

    asyncio.run(work())


def test_stop_right_after_the_start(tmp_path: Path) -> None:
    """Before the supervisor can be reached: it is asked as soon as it can."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("sleep 300\n")
            for number in range(5):
                task = real.submit(f"short-{number}", nodes=2)
                real.engine.tick()
                assert await real.engine.stop(real.task(task), StopOp.STOP) == "stopping"
                assert (await real.reach(task, deadline_s=10)).newest.worker_status == "stopped"

    asyncio.run(work())


def test_time_limit_and_watchdog(tmp_path: Path) -> None:
    """Ended by the supervisor; the cause says which."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("sleep 300\n")
            long = real.submit("long", options={"timeout": 1})
            silent = real.submit("silent", options={"watchdog_time": 1})
            for task, cause in ((long, Cause.TIMEOUT), (silent, Cause.WATCHDOG)):
                end = (await real.reach(task)).newest.end
                assert end is not None
                assert (end.cause, end.exit_status) == (cause, 137)

    asyncio.run(work())


def test_a_killed_supervisor(tmp_path: Path) -> None:
    """Its task is killed, the run ends with a cause within seconds, and the chain starts again by itself."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("setsid sleep 300 & echo $RANK; sleep 300\n")
            task = await real.reach(real.submit("victim", nodes=2), "running")
            started = json.loads((real.engine.rank_dir(task.id, 1) / "started.json").read_text())
            begin = time.monotonic()
            os.kill(started["supervisor_pid"], signal.SIGKILL)
            with real.engine.watch(task.chain_id) as change:
                while len((again := real.task(task)).runs) == 1:
                    await asyncio.wait_for(change.changed(), 10)
            assert time.monotonic() - begin < 5
            first = again.runs[0].end
            assert first is not None
            assert (first.cause, first.rank) == (Cause.PLATFORM, 1)
            await real.reach(again, "running")
            assert not Path(f"/proc/{started['pid']}").exists()

    asyncio.run(work())


def launcher_pid() -> int:
    """The child of this process that is a launcher."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    found = [int(pid) for pid in children if b"supervise.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(found) == 1
    return found[0]


def test_a_killed_launcher(tmp_path: Path) -> None:
    """What runs goes on, and what comes later is started by another launcher."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("sleep $1; echo done\n")
            running = await real.reach(real.submit("running", "1.5"), "running")
            os.kill(launcher_pid(), signal.SIGKILL)
            later = [real.submit(f"later-{number}", "0") for number in range(3)]
            for task in (running, *later):
                assert (await real.reach(task)).newest.worker_status == "succeeded"
                assert real.log(task) == "done\n"

    asyncio.run(work())


def test_files_are_private(tmp_path: Path) -> None:
    """Nobody else reads what is below the state directory."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("true\n")
            await real.reach(real.submit("private"))
            for path in [real.state_dir, *real.state_dir.rglob("*")]:
                mode = path.lstat().st_mode & 0o777
                assert mode & 0o077 == 0, (path, oct(mode))

    asyncio.run(work())


def test_names_for_completion(tmp_path: Path) -> None:
    """Id, name and status per chain, the newest first, complete when the engine has gone."""

    async def work() -> None:
        async with Real(tmp_path).running() as real:
            real.script("true\n")
            first = await real.reach(real.submit("first"))
            second = await real.reach(real.submit("second task"))
        assert (real.state_dir / "names").read_text() == (
            f"{second.id}\tsecond task\tfinished\n{first.id}\tfirst\tfinished\n"
        )

    asyncio.run(work())
