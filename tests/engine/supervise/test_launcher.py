"""The launcher: forks, hands out pidfds, kills what killed supervisors leave, outlives the daemon."""

from __future__ import annotations

import json
import os
import select
import signal
from pathlib import Path
from typing import Any, Callable

import pytest

DEADLINE_MS = 20000


def wait_for(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(DEADLINE_MS), "the supervisor did not end"


def test_a_launch(supervisors: Any, launcher: Any) -> None:
    """The answer names the rank and carries a descriptor that is ready when the supervisor has ended."""
    run = supervisors.run("sh", "-c", "echo hello; exit 5")
    launcher.send(run)
    answer, (pidfd,) = launcher.receive()
    assert answer["run_dir"] == str(run.path)
    assert answer["rank"] == 0
    wait_for(pidfd)
    os.close(pidfd)
    assert (run.end["outcome"], run.end["exit_code"]) == ("exited", 5)
    assert run.output == b"hello\n"
    assert run.started["supervisor_pid"] == answer["pid"]


def test_supervisors_are_on_their_own(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """Own session, no socket to the daemon, no more descriptors than it needs, default signals for the task."""
    run = supervisors.run("sh", "-c", "grep ^SigIgn: /proc/self/status; ls /proc/self/fd; exec sleep 600")
    pid = launcher.launch(run)
    wait_until(lambda: run.started and run.output.endswith(b"3\n"))
    assert os.getsid(pid) == pid
    assert os.getsid(launcher.process.pid) == launcher.process.pid
    kinds = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    assert sum(kind.startswith("socket:") for kind in kinds) == 1, "only its own listening socket"
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    run.ask("kill")
    wait_until(lambda: run.end)
    assert run.output.split() == [b"SigIgn:", b"0" * 16, b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "packet", [b"nonsense", b"[]", b"{}", b'{"run_dir": 1, "rank": 0}', b'{"run_dir": "x", "rank": -1}', b"[" * 50000]
)
def test_nonsense(supervisors: Any, launcher: Any, packet: bytes) -> None:
    launcher.socket.send(packet)
    answer, fds = launcher.receive()
    assert "error" in answer
    assert fds == []
    run = supervisors.run("true")
    launcher.launch(run)


def test_a_directory_that_is_not_there(launcher: Any, supervisors: Any, wait_until: Any) -> None:
    """The supervisor says why on standard error and ends; the launcher goes on."""
    launcher.socket.send(json.dumps({"run_dir": str(supervisors.directory / "none"), "rank": 0}).encode())
    answer, (pidfd,) = launcher.receive()
    assert "error" not in answer
    wait_for(pidfd)
    os.close(pidfd)
    run = supervisors.run("true")
    launcher.launch(run)
    wait_until(lambda: run.end)


def test_the_orphans_of_a_killed_supervisor(
    supervisors: Any, launcher: Any, wait_until: Any, is_alive: Callable[[int], bool]
) -> None:
    """A daemon with an empty environment in a session of its own, too; other supervisors' tasks go on."""
    other = supervisors.run("sh", "-c", "(sleep 600 &); exec sleep 600")
    launcher.launch(other)
    wait_until(lambda: other.started)
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
        "    os.execve('/bin/sh', ['sh', '-c', 'echo $$ > pid; while :; do sleep 600; done'], {})\n"
        "time.sleep(600)\n"
    )
    run = supervisors.python(code, workspace=str(supervisors.directory))
    pid = launcher.launch(run)
    pid_file = supervisors.directory / "pid"
    wait_until(lambda: pid_file.exists() and pid_file.read_text().strip())
    daemon, main = int(pid_file.read_text()), wait_until(lambda: run.started)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(daemon) and not is_alive(main))
    wait_until(lambda: len(launcher.children()) == 1)
    assert is_alive(other.started["pid"])
    assert other.ask("ping")["ok"] is True
    assert run.end is None
    other.ask("kill")
    wait_until(lambda: not launcher.children())


def test_it_outlives_the_daemon(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """Without the daemon tasks go on, and so does the cleaning behind a killed supervisor; then it ends."""
    run, killed = (supervisors.run("sleep", "600") for _ in range(2))
    launcher.launch(run)
    pid = launcher.launch(killed)
    wait_until(lambda: run.started and killed.started)
    launcher.socket.close()
    assert run.ask("ping")["ok"] is True
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(launcher.children()) == 1)
    assert launcher.process.poll() is None
    run.ask("stop", word="stop", grace_s=5)
    assert launcher.process.wait(20) == 0
    assert run.end["asked"] == "stop"


def test_a_killed_launcher_leaves_the_tasks_alone(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """A supervisor needs nobody."""
    run = supervisors.run("sh", "-c", "read line < fifo; echo $line")
    fifo = Path(run.spec["workspace"]) / "fifo"
    os.mkfifo(fifo)
    launcher.launch(run)
    wait_until(lambda: run.started)
    launcher.process.kill()
    launcher.process.wait()
    fifo.write_text("still here\n")
    end = wait_until(lambda: run.end)
    assert end["exit_code"] == 0
    assert run.output == b"still here\n"
    launcher.process.returncode = 0


def test_one_of_two_launchers_gets_the_rank(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """A request that is sent again does no harm."""
    run = supervisors.run("sh", "-c", "echo once; exec sleep 600")
    for _ in range(5):
        launcher.send(run)
    for _ in range(5):
        answer, (pidfd,) = launcher.receive()
        assert "error" not in answer
        os.close(pidfd)
    wait_until(lambda: run.started)
    wait_until(lambda: len(launcher.children()) == 1)
    run.ask("kill")
    wait_until(lambda: run.end)
    assert run.output == b"once\n"


def test_two_hundred_launches(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """Sent without waiting; each ends with its own code, and no process and no descriptor is left."""
    launcher.launch(supervisors.run("true"))
    wait_until(lambda: not launcher.children())
    before = len(os.listdir(f"/proc/{launcher.process.pid}/fd"))  # noqa: PTH208
    runs = [supervisors.run("sh", "-c", f"echo {i}; exit {i % 7}") for i in range(200)]
    for run in runs:
        launcher.send(run)
    pidfds = []
    for _ in runs:
        answer, (pidfd,) = launcher.receive()
        assert "error" not in answer
        pidfds.append(pidfd)
    for pidfd in pidfds:
        wait_for(pidfd)
        os.close(pidfd)
    assert [run.end["exit_code"] for run in runs] == [i % 7 for i in range(200)]
    assert [run.output for run in runs] == [b"%d\n" % i for i in range(200)]
    wait_until(lambda: not launcher.children())
    assert len(os.listdir(f"/proc/{launcher.process.pid}/fd")) == before  # noqa: PTH208
    assert not list(supervisors.directory.rglob("*.new"))
    assert not list(supervisors.directory.rglob("sock"))


def test_answers_wait_for_a_slow_daemon(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """It takes no more requests than the daemon takes answers, and loses neither."""
    runs = [supervisors.run("true") for _ in range(50)]
    launcher.socket.setsockopt(1, 7, 4608)  # SO_SNDBUF; their buffer is full sooner
    for run in runs:
        launcher.socket.settimeout(20)
        launcher.send(run)
    answered = []
    for _ in runs:
        answer, (pidfd,) = launcher.receive()
        wait_for(pidfd)
        os.close(pidfd)
        answered.append(answer["run_dir"])
    assert answered == [str(run.path) for run in runs]
