"""The daemon's life: starting, refusing to start, ending, and being killed, with one clear line for each refusal."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from hfai.model.errors import ConfigError, EngineStartError, HfaiError
from hfai.testing import EngineSandbox

FAST = {"nodes": 2, "stop_grace_s": 0.5}


@pytest.fixture
def sandbox() -> Iterator[EngineSandbox]:
    with EngineSandbox(FAST, start=False) as sandbox:
        yield sandbox


@pytest.fixture
def submit(sandbox: EngineSandbox, tmp_path: Path) -> Callable[[str, str], dict[str, Any]]:
    def submit(name: str, script: str) -> dict[str, Any]:
        (tmp_path / f"{name}.sh").write_text(script)
        body = {
            "version": 2,
            "name": name,
            "priority": 30,
            "spec": {"workspace": str(tmp_path), "entrypoint": f"{name}.sh"},
            "resource": {"node_count": 1},
            "shell_environment": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        }
        answer = sandbox.post("operating/task/create", body)
        assert answer["success"] == 1, answer
        return dict(answer["task"])

    return submit


def endpoint_of(sandbox: EngineSandbox) -> dict[str, Any]:
    return dict(json.loads((sandbox.state_dir / "endpoint.json").read_text()))


def test_it_says_where_it_is_in_files_that_nobody_else_can_read(sandbox: EngineSandbox) -> None:
    sandbox.start()
    endpoint = endpoint_of(sandbox)
    assert set(endpoint) == {"url", "pid", "version", "protocol", "engine_id", "started_at"}
    assert (endpoint["url"], endpoint["pid"]) == (sandbox.url, sandbox.pid)
    assert stat.S_IMODE(sandbox.state_dir.stat().st_mode) == 0o700
    for path in sandbox.state_dir.rglob("*"):
        if path.name != "engine.yaml":
            mode = stat.S_IMODE(path.lstat().st_mode)
            assert mode & 0o077 == 0, f"{path.name} has mode {mode:o}"


def test_a_task_has_the_file_mask_of_whoever_started_the_engine(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]], tmp_path: Path
) -> None:
    """The engine's own caution must not make a user's checkpoints unreadable to the group."""
    before = os.umask(0o022)
    try:
        sandbox.start()
    finally:
        os.umask(before)
    task = submit("mask", "touch made")
    assert sandbox.post("query/task/wait", id=task["id"], state="finished", timeout=30)["result"]["reached"]
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o644


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_tasks_go_on(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]], tmp_path: Path, number: signal.Signals
) -> None:
    sandbox.start()
    os.mkfifo(tmp_path / "gate")
    task = submit("goes-on", f"cat {tmp_path / 'gate'}")
    assert sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]["reached"]
    assert sandbox.process is not None
    url = sandbox.url
    sandbox.process.send_signal(number)
    assert sandbox.process.wait(20) == 0
    assert not (sandbox.state_dir / "endpoint.json").exists()
    sandbox.start()
    assert sandbox.url == url, "the task that goes on knows the address"
    (tmp_path / "gate").write_text("opened\n")
    result = sandbox.post("query/task/wait", id=task["id"], state="finished", timeout=30)["result"]
    assert (result["reached"], result["task"]["id"]) == (True, task["id"])
    assert "opened" in sandbox.post("query/task/log", id=task["id"])["data"]


def test_killed_it_comes_back_at_the_same_port_with_everything_known(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]], tmp_path: Path
) -> None:
    """One task ends while no daemon is there, one goes on."""
    sandbox.start()
    url = sandbox.url
    for name in ("first", "second"):
        os.mkfifo(tmp_path / f"{name}-gate")
    first = submit("first", f"cat {tmp_path / 'first-gate'}; exit 7")
    second = submit("second", f"cat {tmp_path / 'second-gate'}")
    for task in (first, second):
        assert sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]["reached"]
    sandbox.kill()
    (tmp_path / "first-gate").write_text("while it was away\n")
    sandbox.start()
    assert sandbox.url == url
    result = sandbox.post("query/task/wait", id=first["id"], state="finished", timeout=30)["result"]
    assert result["task"]["end"]["exit_status"] == 7
    (tmp_path / "second-gate").write_text("after\n")
    result = sandbox.post("query/task/wait", id=second["id"], state="finished", timeout=30)["result"]
    assert (result["task"]["id"], result["task"]["end"]["exit_status"]) == (second["id"], 0)


def test_shutdown_with_its_tasks_leaves_no_process(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]]
) -> None:
    sandbox.start()
    task = submit("stubborn", "trap '' TERM; (setsid sleep 600 &) ; sleep 600")
    assert sandbox.post("query/task/wait", id=task["id"], state="running", timeout=30)["result"]["reached"]
    assert sandbox.stop() == 0
    deadline = time.monotonic() + 10
    while sandbox.left_over() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sandbox.left_over() == []
    sandbox.start()
    assert sandbox.post("query/task", id=task["id"])["result"]["task"]["stop_code"] == 1025


def test_who_waits_is_answered_when_it_ends(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]]
) -> None:
    """A follower's stream ends without the end frame; the daemon does not wait for it."""
    sandbox.start()
    task = submit("followed", "echo begin; sleep 600")
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=20) as follower:
        request = f"POST /query/task/log/stream?id={task['id']}&follow=1 HTTP/1.1\r\nHost: localhost\r\n"
        follower.sendall(f"{request}Authorization: Bearer {sandbox.token}\r\n\r\n".encode())
        received = b""
        while b"begin\n" not in received:
            received += follower.recv(65536)
        began_at = time.monotonic()
        assert sandbox.terminate() == 0
        while block := follower.recv(65536):
            received += block
        assert time.monotonic() - began_at < 5
    assert b'"t":"end"' not in received
    sandbox.start()


def test_a_client_that_does_not_read_does_not_hold_up_its_end(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]]
) -> None:
    sandbox.start()
    task = submit("much", "head -c 30000000 /dev/zero | tr '\\0' x; sleep 600")
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=20) as follower:
        request = f"POST /query/task/log/stream?id={task['id']}&follow=1 HTTP/1.1\r\nHost: localhost\r\n"
        follower.sendall(f"{request}Authorization: Bearer {sandbox.token}\r\n\r\n".encode())
        assert follower.recv(100)
        began_at = time.monotonic()
        assert sandbox.terminate() == 0
        assert time.monotonic() - began_at < 5
    sandbox.start()


def refused(sandbox: EngineSandbox) -> HfaiError:
    """Why it does not start; also checks that a person who starts it by hand sees one line and no traceback."""
    with pytest.raises(HfaiError) as refusal:
        sandbox.start()
    by_hand = subprocess.run(
        [sys.executable, "-m", "hfai.engine", "--state", str(sandbox.state_dir)],
        env=sandbox.env,
        capture_output=True,
        text=True,
        timeout=30,
        cwd="/",
    )
    assert by_hand.returncode == refusal.value.exit_status
    assert by_hand.stderr.count("\n") == 1, by_hand.stderr
    assert by_hand.stderr.startswith("hfai: ")
    assert not (sandbox.state_dir / "endpoint.json").exists()
    return refusal.value


def test_one_per_state_directory(sandbox: EngineSandbox) -> None:
    sandbox.start()
    other = EngineSandbox(directory=sandbox.directory, start=False)  # not closed: it would take the first one with it
    with pytest.raises(EngineStartError) as refusal:
        other.start()
    assert f"process {sandbox.pid} already runs the engine" in str(refusal.value)
    assert endpoint_of(sandbox)["pid"] == sandbox.pid
    assert sandbox.post("query/engine/info")["success"] == 1


def test_it_ends_with_its_state_directory(
    sandbox: EngineSandbox, submit: Callable[[str, str], dict[str, Any]]
) -> None:
    """Moved away: nobody could find it there, and it would start runs again for ever. Moved back, the next one knows what there was."""
    sandbox.start()
    task = submit("ended", "exit 7")
    assert sandbox.post("query/task/wait", id=task["id"], state="finished", timeout=30)["result"]["reached"]
    elsewhere = sandbox.state_dir.with_name("elsewhere")
    sandbox.state_dir.rename(elsewhere)
    assert sandbox.process is not None and sandbox.process.wait(20) == 1
    elsewhere.rename(sandbox.state_dir)
    assert "no longer where it was" in sandbox.log
    sandbox.start()
    assert sandbox.post("query/task", id=task["id"])["result"]["task"]["end"]["exit_status"] == 7


def test_a_port_that_is_taken(sandbox: EngineSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sandbox.configure({"port": port})
        error = refused(sandbox)
        assert isinstance(error, EngineStartError)
        assert f"port {port}" in str(error)
    sandbox.start()
    assert sandbox.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("text", ["nodes: [", "nodes: none\n", "prot: 3\n", "- 1\n", "port: 99999\n", "\xff\xfe"])
def test_a_configuration_that_cannot_be_used(sandbox: EngineSandbox, text: str) -> None:
    (sandbox.state_dir / "engine.yaml").write_bytes(text.encode("latin-1"))
    error = refused(sandbox)
    assert isinstance(error, ConfigError)
    assert "engine.yaml" in str(error)


def test_a_database_that_is_none(sandbox: EngineSandbox) -> None:
    (sandbox.state_dir / "engine.db").write_bytes(b"this is no database" * 500)
    assert "engine.db" in str(refused(sandbox))


def test_a_state_directory_that_is_a_file(sandbox: EngineSandbox) -> None:
    for path in sandbox.state_dir.iterdir():
        path.unlink()
    sandbox.state_dir.rmdir()
    sandbox.state_dir.write_text("a file")
    assert str(sandbox.state_dir) in str(refused(sandbox))


def test_a_state_directory_that_cannot_be_written(sandbox: EngineSandbox) -> None:
    """procfs lets nobody make files, not even root."""
    by_hand = subprocess.run(
        [sys.executable, "-m", "hfai.engine", "--state", "/proc/hfai"], env=sandbox.env, capture_output=True, text=True
    )
    assert by_hand.returncode == EngineStartError.exit_status
    assert by_hand.stderr.count("\n") == 1
    assert "/proc/hfai" in by_hand.stderr


def test_a_full_disk(sandbox: EngineSandbox) -> None:
    """A file size limit of zero is as good as a full disk to whoever starts, and needs no root."""
    by_hand = subprocess.run(
        ["bash", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "-", sys.executable, "-m", "hfai.engine"],
        env=sandbox.env,
        capture_output=True,
        text=True,
    )
    assert by_hand.returncode in (5, 6)
    assert by_hand.stderr.count("\n") == 1, by_hand.stderr
