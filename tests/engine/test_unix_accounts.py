"""An engine of root: tasks of users who have an account of the machine run under it, and get no further than it does."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Iterator

import pytest

from hfai.engine import unix_accounts
from hfai.engine.executors.run_files import RunFiles
from hfai.testing import EngineSandbox
from hfai.testing.sandbox_user import SandboxUser
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.waiting import until

# Every machine has it, and nobody works under it.
ACCOUNT = "nobody"

# What the runtime of hfai.client does, by any python3: the library of the tests is where only root can read it.
PROBE = r"""
import json, mmap, os, socket, sys

def attempt(what):
    try:
        return what()
    except OSError as error:
        return type(error).__name__

def ask(**request):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(os.environ["HFAI_TASK_SOCKET_DIR"] + "/sock")
        peer.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(peer.recv(65536))

state, other, rank_dir = sys.argv[1], sys.argv[2], os.environ["HFAI_TASK_SOCKET_DIR"]
control = open(os.environ["HFAI_CONTROL"], "r+b")
page = mmap.mmap(control.fileno(), 0)
found = {
    "ids": [os.getresuid(), os.getresgid(), sorted(os.getgroups())],
    "page": page[:4].decode("latin-1"),
    "state": ask(action="set_whole_life_state", state=7),
    "stop": ask(action="stop"),
    "kill": ask(action="kill"),
    "guest": ask(action="open_guest", kind="command", argv=None, tty=None),
    "token": attempt(lambda: open(state + "/token").read()),
    "spec": attempt(lambda: open(rank_dir + "/../spec.json").read()),
    "lock": attempt(lambda: open(rank_dir + "/lock").read()),
    "put": attempt(lambda: open(rank_dir + "/end.json", "w")),
    "swap": attempt(lambda: os.rename(rank_dir + "/sock", rank_dir + "/x")),
    "started": json.load(open(rank_dir + "/started.json"))["pid"] == os.getppid(),
    "forge": attempt(lambda: open(rank_dir + "/started.json", "a")),
    "regain": attempt(lambda: os.setuid(0)),
    "signal": attempt(lambda: os.kill(int(other), 9)),
}
control.truncate(1 << 30)  # the engine must not read all of it
print(json.dumps(found))
"""


def can_switch() -> bool:
    """Root can, but for containers that keep it from that, and temporary directories that are for root alone."""
    account = unix_accounts.find(ACCOUNT)
    enter = ["/bin/sh", "-c", 'cd -- "$1"', "sh", tempfile.gettempdir()]
    try:
        return unix_accounts.may_switch() and account is not None and account.run(enter) == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not can_switch(), reason="nothing can be started under another account here")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the account can enter; those of pytest are closed."""
    path = Path(tempfile.mkdtemp(prefix="hfai-accounts-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def sandbox(place: Path) -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1, "task_dir": str(place / "tasks")}) as sandbox:
        yield sandbox


@pytest.fixture
def bob(sandbox: EngineSandbox) -> SandboxUser:
    answer = sandbox.post("operating/platform/user/add", user_name="bob", unix_name=ACCOUNT)
    assert answer["success"] == 1, answer
    return SandboxUser("bob", answer["result"]["token"]["access_token"], sandbox)


def body_of(workspace: Path, entrypoint: str) -> dict[str, Any]:
    resource = {"image": "default", "group": "default", "node_count": 1}
    spec = {"workspace": str(workspace), "entrypoint": entrypoint}
    shell = {"PATH": "/usr/local/bin:/usr/bin:/bin", "SHELL": "/bin/bash"}  # its own only says that it is no account to log in to
    return {"version": 2, "name": "x", "priority": 30, "spec": spec, "resource": resource, "shell_environment": shell}


def submit(user: SandboxUser, place: Path, script: str) -> dict[str, Any]:
    (place / "run.sh").write_text(script)
    answer = user.post("operating/task/create", body_of(place, "run.sh"))
    assert answer["success"] == 1, answer
    return dict(answer["task"])


def finished(user: SandboxUser, task: dict[str, Any]) -> dict[str, Any]:
    assert user.post("query/task/wait", id=task["id"], state="finished", timeout=60)["result"]["reached"]
    return dict(user.post("query/task", id=task["id"])["result"]["task"])


def lines(user: SandboxUser, task: dict[str, Any]) -> list[str]:
    return [line[29:] for line in user.post("query/task/log", id=task["id"])["data"].splitlines()]


def test_a_task_is_its_account_and_no_more(sandbox: EngineSandbox, bob: SandboxUser, place: Path) -> None:
    """It has its numbers, its page and its socket; the files of the engine, and what only the engine may ask, it has not."""
    (place / "probe.py").write_text(PROBE)
    script = f"echo out > /dev/stdout; echo err > /dev/stderr; python3 probe.py {sandbox.state_dir} {sandbox.pid}; true\n"
    task = finished(bob, submit(bob, place, script))
    assert task["end"]["exit_status"] == 0, lines(bob, task)
    *heard, said = lines(bob, task)
    assert heard == ["out", "err"]
    found, account = json.loads(said), unix_accounts.find(ACCOUNT)
    assert account is not None
    assert found.pop("ids") == [[account.uid] * 3, [account.gid] * 3, sorted(account.groups)]
    assert found.pop("page") and found.pop("started") is True
    assert found.pop("state") == {"ok": True} and task["whole_life_state"] == 7
    refused = {"ok": False, "msg": "only the engine may ask for this"}
    assert [found.pop(name) for name in ("stop", "kill", "guest")] == [refused] * 3
    assert set(found.values()) == {"PermissionError"}, found
    assert bob.post("query/task/container_log", id=task["id"])["result"]["data"].endswith("exit code 0\n")


def test_it_is_adopted_stopped_and_killed_as_any_other(sandbox: EngineSandbox, bob: SandboxUser, place: Path) -> None:
    """kill -9 of the daemon: it goes on. kill -9 of its supervisor: it is gone at once, and started again."""
    pids = place / "pids"
    pids.touch()
    pids.chmod(0o666)
    task = submit(bob, place, f'echo $$ >> {pids}; trap "" TERM; while :; do sleep 300; done\n')
    first = int(until(pids.read_text).split()[0])
    sandbox.restart()
    assert bob.post("query/task", id=task["id"])["result"]["task"]["chain_status"] == "running"
    supervisor = int(Path(f"/proc/{first}/stat").read_text().rpartition(") ")[2].split()[1])
    assert Path(f"/proc/{supervisor}").stat().st_uid == 0 and Path(f"/proc/{first}").stat().st_uid != 0
    os.kill(supervisor, signal.SIGKILL)
    second = int(until(lambda: pids.read_text().split()[1:])[0])
    assert not Path(f"/proc/{first}").exists()
    bob.post("operating/task/stop", id=task["id"])
    assert finished(bob, task)["end"]["cause"] == "stopped"
    assert not Path(f"/proc/{second}").exists()


def test_a_shell_beside_it(sandbox: EngineSandbox, bob: SandboxUser, place: Path) -> None:
    task = submit(bob, place, "echo begun; sleep 300\n")
    hai = Cli(bob.env, place)
    until(lambda: "begun" in hai("logs", task["id"]).out)
    account = unix_accounts.find(ACCOUNT)
    assert account is not None
    done = hai("ssh", task["id"], "--", "id -u; id -g; echo err > /dev/stderr; cat /proc/self/environ | tr '\\0' '\\n' | grep ^RANK=")
    assert (done.status, done.out.split(), done.err.split()) == (0, [str(account.uid), str(account.gid), "RANK=0"], ["err"])
    master, slave = pty.openpty()
    words = [HAI_CLI, "ssh", str(task["id"]), "--", "stat -c %u $(tty); id -u"]
    shell = subprocess.Popen(words, env=hai.env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    said = b""
    while said.count(b"\n") < 2:
        said += os.read(master, 4096)
    assert shell.wait(60) == 0 and said.split() == [str(account.uid).encode()] * 2
    os.close(master)
    hai("stop", task["id"])


def test_it_is_profiled(bob: SandboxUser, place: Path) -> None:
    """The profiler has the rights of the engine: the account cannot keep it from looking, nor read what it writes."""
    (place / "busy.py").write_text("print('begun', flush=True)\ndef loop_work():\n    while True: sum(range(1000))\nloop_work()\n")
    task = submit(bob, place, "exec python3 busy.py\n")
    hai = Cli(bob.env, place)
    until(lambda: "begun" in hai("logs", task["id"]).out)
    done = hai("prof", task["id"], "--time", "1.2", "--recorder", "basic,python", "--interval", "basic=0.3")
    assert done.status == 0, done.err
    assert "| loop_work " in done.out and "| cpu " in done.out
    hai("stop", task["id"])


def test_what_the_account_cannot_see_is_refused(sandbox: EngineSandbox, bob: SandboxUser, place: Path, tmp_path: Path) -> None:
    """Before it is queued, in the same words whether or not it is there."""
    (place / "mine").mkdir(mode=0o700)
    (place / "mine" / "a.sh").write_text("true\n")
    (place / "a.sh").write_text("true\n")
    (place / "a.sh").chmod(0o600)
    hai, said = Cli(bob.env, place), set()
    for workspace in (place / "mine", place / "nowhere"):
        answer = bob.post("operating/task/create", body_of(workspace, "a.sh"))
        assert answer["code"] == "invalid_task", answer
        said.add(answer["template"])
    assert len(said) == 1
    refused = hai("bash", "a.sh", "--", "--name", "y")
    assert refused.status == 6 and "nobody, the account of your tasks, cannot read a.sh in the workspace" in refused.err, refused
    assert len(refused.err.splitlines()) == 1


def test_accounts_that_cannot_be(sandbox: EngineSandbox) -> None:
    for query in ({}, {"unix_name": "no-such-account"}):
        answer = sandbox.post("operating/platform/user/add", user_name="eve", **query)
        assert answer["code"] == "refused", answer
    assert len(sandbox.post("query/platform/user/list")["result"]) == 1


def test_a_place_that_somebody_else_could_change(tmp_path: Path) -> None:
    """Nothing is put there."""
    root = tmp_path / "tasks"
    root.mkdir()
    root.chmod(0o777)
    (tmp_path / "runs").mkdir()
    files = RunFiles(tmp_path / "runs", "engine", root)
    with pytest.raises(PermissionError, match="must be a directory of the engine's own account"):
        files.prepare(1, {}, is_open=True)
    root.chmod(0o755)
    made = files.prepare(1, {"engine_id": "engine"}, is_open=True)
    assert made.is_symlink() and made.resolve() == root / "engine" / "0" / "1"
    assert files.prepare(1, {"engine_id": "engine"}, is_open=True) == made
    assert RunFiles(tmp_path / "runs", "another", root).prepare(1, {}).is_symlink() is False


def test_a_check_of_a_node_takes_no_guests(sandbox: EngineSandbox, bob: SandboxUser, place: Path) -> None:
    """It has the engine's account: a shell beside it would be root's."""
    request = {"check": {"name": "slow.sh", "text": "sleep 300"}, "workspace": str(place)}
    (task,) = bob.post("operating/node/validate", request, nodes="cpu-0")["tasks"]
    assert bob.post("query/task/wait", id=task["id"], state="running", timeout=60)["result"]["reached"]
    for kind in ({"kind": "command", "argv": ["id"]}, {"kind": "profiler", "options": {}}):
        answer = bob.post("operating/task/guest/open", {**kind, "tty": None}, id=task["id"], rank=0)
        assert answer["code"] == "refused" and "checks node cpu-0 for the platform" in answer["msg"], answer
    bob.post("operating/task/stop", id=task["id"])
    finished(bob, task)


def test_checks_of_nodes(sandbox: EngineSandbox, bob: SandboxUser, place: Path) -> None:
    """The engine's own program measures; the user's script runs under their account, on a node and beside a task, and cordons nothing."""
    text = f"id -un; pwd; cat {sandbox.state_dir}/token; id -u > seen; [ -w / ] && echo open; exit 3"
    (place / "work").mkdir()
    shutil.chown(place / "work", ACCOUNT)
    request = {"check": {"name": "who.sh", "text": text}, "workspace": str(place / "work")}
    request["shell_environment"] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LD_PRELOAD": "/no/such/library.so"}
    (task,) = bob.post("operating/node/validate", request, nodes="cpu-0")["tasks"]
    finished(bob, task)
    log = (sandbox.state_dir / "runs" / "0" / str(task["id"]) / "0" / "log.0").read_text()
    assert "ld.so" not in log.partition("own ")[0], "the program itself has nothing of the user's environment"
    result = bob.post("query/task/checks", id=task["id"])["result"]
    found = {check["name"]: check for check in result["checks"]}
    assert found["log_write"]["status"] == found["suspend"]["status"] == "passed"
    own = found["own"]
    assert own["status"] == "failed" and own["text"]["text"] == "who.sh exited with code 3"
    said = [line for line in own["output"].splitlines() if "ld.so" not in line]
    assert said[:2] == [ACCOUNT, str(place / "work")]
    assert "Permission denied" in said[2] and len(said) == 3
    assert (place / "work" / "seen").stat().st_uid != 0
    assert result["is_cordoned"] is False
    running = submit(bob, place, "sleep 300")
    assert bob.post("query/task/wait", id=running["id"], state="running", timeout=60)["result"]["reached"]
    until(lambda: bob.post("query/task", id=running["id"])["result"]["task"]["_pods_"][0]["status"] == "running")
    del request["shell_environment"]
    (report,) = bob.post("operating/task/validate", request, id=running["id"])["reports"]
    found = {check["name"]: check for check in report["checks"]}
    assert found["memory"]["status"] == "passed"
    assert found["own"]["output"].splitlines()[0] == ACCOUNT, found["own"]
    assert report["is_cordoned"] is False
    bob.post("operating/task/stop", id=running["id"])
    finished(bob, running)
