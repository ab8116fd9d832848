"""The embedded engine: started once however many ask, found again, started again when it was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hfai
from hfai.client import (
    _session,
    create_experiment_v2,
    get_experiment,
    get_experiments,
    open_shell,
    platform,
    stream_logs,
    user_info,
    wait,
)
from hfai.client._children import reap
from hfai.client._endpoint import read_endpoint
from hfai.model.errors import EngineStartError, HfaiError, ProtocolMismatch, UnreachableError
from hfai.testing.processes import of_engine

ASK = (
    "import hfai.client, sys; print(hfai.client.user_info().user_name); print(hfai.client.platform.engine_status().pid)"
)


@pytest.fixture
def state_dir(own_home) -> Path:
    """Afterwards nothing of the engine is left."""
    state_dir = own_home / "engine"
    yield state_dir
    platform.engine_down(stop_tasks=True)
    deadline = time.monotonic() + 10
    while (left := of_engine(state_dir, [])) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in left:
        os.kill(process.pid, signal.SIGKILL)
    assert left == []


@pytest.fixture
def config(tmp_path):
    def make(name: str, script: str = "echo hello"):
        (tmp_path / f"{name}.sh").write_text(script + "\n")
        return {
            "version": 2,
            "name": name,
            "priority": 30,
            "spec": {"workspace": str(tmp_path), "entrypoint": f"{name}.sh"},
            "resource": {"node_count": 1},
        }

    return make


def kill_engine() -> int:
    """Kill the daemon, and wait until it is gone."""
    pid = platform.engine_status().pid
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        reap()  # it is ours where this process started it
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.01)
    return pid


def test_the_main_job(state_dir, config, capfd) -> None:
    """Nothing prepared: submit, follow, wait. One line says that the engine was started."""
    task = create_experiment_v2(config("exp", "echo one; echo two; exit 3"))
    lines = list(stream_logs(task, follow=True))
    assert lines[0].text.startswith("[pre-check] check[MARSV2] ")
    assert [line.text for line in lines[1:]] == ["one", "two"]
    assert wait(task, timeout=60).exit_status == 3
    assert task.refresh().end.exit_code == 3
    assert [one.nb_name for one in get_experiments(1, 10)[1]] == ["exp"]
    assert "submission" not in task.schema
    assert create_experiment_v2(task.schema, name="again", dry_run=True)["name"] == "again"
    assert capfd.readouterr() == ("", f"hfai: started the engine (state in {state_dir})\n")


def test_tags(state_dir, config) -> None:
    """The experiment at hand has them at once."""
    experiment = create_experiment_v2(config("tagged"))
    experiment.tag("b")
    experiment.tag_task("a")
    assert experiment.tags == ["a", "b"]
    experiment.untag_task("b")
    assert experiment.tags == ["a"]


def test_many_that_start_it_at_once(state_dir) -> None:
    """One engine, one line about it, and each gets its answer."""
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    results = [process.communicate(timeout=120) for process in asking]
    assert {process.returncode for process in asking} == {0}
    assert len({out for out, _ in results}) == 1
    assert sum(err.count("started the engine") for _, err in results) == 1


def test_it_outlives_who_started_it(state_dir) -> None:
    """And has nothing to do with its terminal, session, directory or task variables."""
    env = {**os.environ, "RANK": "3", "HFAI_RUN": "x:1:0", "MARSV2_NB_NAME": "outer"}
    subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, env=env)
    pid = platform.engine_status().pid
    assert os.getsid(pid) == pid
    assert str(Path(f"/proc/{pid}/cwd").readlink()) == "/"
    environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert not [entry for entry in environ if entry.startswith((b"RANK=", b"HFAI_RUN=", b"MARSV2_NB_NAME="))]


def test_killed_and_started_again(state_dir, config) -> None:
    """Everything is still known; a follower loses nothing and sees the end."""
    task = create_experiment_v2(config("exp", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done; exit 7"))
    lines = stream_logs(task, follow=True)
    assert next(lines).text.endswith(" passed")
    assert next(lines).text == "1"
    old = kill_engine()
    assert [line.text for line in lines] == ["2", "3", "4", "5", "6"]
    assert wait(task, timeout=60).exit_status == 7
    assert platform.engine_status().pid != old


def test_one_that_dies_slowly(state_dir, capfd) -> None:
    """For a moment it still takes connections and breaks them off, then its port is closed, and its process is there all the time."""
    platform.engine_up()
    kill_engine()
    endpoint = json.loads((state_dir / "endpoint.json").read_text())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint.update(pid=os.getpid(), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        (state_dir / "endpoint.json").write_text(json.dumps(endpoint))

        def die() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connection.recv(1)
                connection.close()
            listener.close()

        dying = threading.Thread(target=die)
        dying.start()
        capfd.readouterr()
        assert user_info().user_name
        dying.join()
    assert capfd.readouterr().err == f"hfai: started the engine (state in {state_dir})\n"


def test_one_that_is_killed_while_it_starts(state_dir, capfd) -> None:
    """It is started once more; one line says so."""

    command, over = f"-m\0hfai.engine\0--state\0{state_dir}\0".encode(), threading.Event()

    def kill() -> None:
        while not over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if command in path.read_bytes():
                        os.kill(int(path.parent.name), signal.SIGKILL)
                        return

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        assert user_info().user_name
        assert not killing.is_alive()
    finally:
        over.set()
        killing.join()
    assert capfd.readouterr().err == f"hfai: started the engine (state in {state_dir})\n"


def test_a_stream_begins_over_a_kill(state_dir, config) -> None:
    """The connection that the request before it was answered on says nothing of the engine now."""
    task = create_experiment_v2(config("exp", "sleep 600"))
    kill_engine()
    _session.current().stream("query/task/log/stream", {"id": task.id, "follow": "1"}).close()
    kill_engine()
    with open_shell(task.wait(until="running", timeout=60), command="exit 7") as shell:
        assert not list(shell)
    assert shell.exit_status == 7


def test_what_must_not_be_asked_twice_over_a_kill(state_dir, config) -> None:
    """Is not; no address and no network is to be checked."""
    task = create_experiment_v2(config("exp", "sleep 600"))
    pid = platform.engine_status().pid
    os.kill(pid, signal.SIGSTOP)
    killing = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killing.start()
    with pytest.raises(UnreachableError, match="the engine on this machine was lost before it had answered"):
        task.resume()
    killing.join()
    assert task.refresh().chain_status in ("waiting_init", "running")


def test_a_wait_over_a_kill(state_dir, config) -> None:
    """The engine that is started again tells how it ended."""
    task = create_experiment_v2(config("exp", "sleep 1.5; exit 5"))
    wait(task, until="running", timeout=60)
    waiting = subprocess.Popen(
        [sys.executable, "-c", "import hfai.client as c; print(c.wait('exp').exit_status)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    time.sleep(0.5)  # until it waits; sooner does no harm
    kill_engine()
    assert waiting.communicate(timeout=60)[0] == "5\n"


def test_up_down_status(state_dir, capfd) -> None:
    """Each may be called twice."""
    assert platform.engine_status() is None
    assert platform.engine_down() is False
    up = platform.engine_up()
    assert platform.engine_up() == up == platform.engine_status()
    assert (up.version, up.state_dir) == (hfai.__version__, str(state_dir))
    assert platform.engine_log().exists()
    assert platform.engine_down() is True
    assert platform.engine_down() is False
    assert platform.engine_status() is None
    assert user_info().user_name


def test_down_leaves_tasks_alone(state_dir, config) -> None:
    """Their end is known when the engine is back."""
    task = create_experiment_v2(config("exp", "sleep 1; exit 4"))
    wait(task, until="running", timeout=60)
    platform.engine_down()
    assert wait(get_experiment(name="exp"), timeout=60).exit_status == 4


def test_hooks(state_dir, monkeypatch, capfd) -> None:
    """A program says it in its own words."""
    from hfai.client import _hooks

    monkeypatch.setattr(_hooks, "_on_engine_start", _hooks._on_engine_start)
    told = []
    platform.on_engine_start(told.append)
    platform.engine_up()
    assert told == [state_dir]
    assert capfd.readouterr().err == ""


def test_a_stale_endpoint(state_dir) -> None:
    """Of a daemon that was killed: its port is somebody else's now, who does not get the token."""
    platform.engine_up()
    kill_engine()
    assert (state_dir / "endpoint.json").exists()
    assert platform.engine_status() is None
    assert user_info().user_name


def test_an_endpoint_whose_process_is_another(state_dir) -> None:
    """A process id used again is found out by the lock."""
    platform.engine_up()
    kill_engine()
    endpoint = json.loads((state_dir / "endpoint.json").read_text())
    endpoint.update(pid=os.getpid(), url="http://127.0.0.1:9")
    (state_dir / "endpoint.json").write_text(json.dumps(endpoint))
    assert user_info().user_name


def test_another_protocol(state_dir, own_home) -> None:
    """Refused with both versions; it can be looked at and ended all the same."""
    platform.engine_up()
    path = state_dir / "endpoint.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "protocol": 99, "version": "9.9"}))
    with pytest.raises(ProtocolMismatch, match=r"hfai 9\.9"):
        user_info()
    assert platform.engine_status() is not None
    assert platform.engine_down() is True


def test_a_state_folder_that_cannot_be(own_home) -> None:
    """A file is in its place."""
    (own_home / "engine").write_text("")
    with pytest.raises(EngineStartError, match="engine: File exists"):
        user_info()


def test_a_state_folder_that_cannot_be_made(monkeypatch) -> None:
    """Where not even root may."""
    monkeypatch.setenv("HFAI_ENGINE_DIR", "/sys/hfai-engine")
    with pytest.raises(
        EngineStartError, match=r"/sys/hfai-engine: (Permission denied|Operation not permitted|Read-only)"
    ):
        user_info()


def test_the_engines_own_reason(own_home) -> None:
    """A wrong engine.yaml comes back as the engine says it."""
    (own_home / "engine").mkdir()
    (own_home / "engine" / "engine.yaml").write_text("nodes: many\n")
    with pytest.raises(HfaiError, match=r"engine\.yaml"):
        user_info()


def test_packages_that_are_missing(own_home, monkeypatch) -> None:
    """Names the command that brings them."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineStartError, match=r"pip install 'hfai\[engine\]'"):
        user_info()


def test_status_starts_nothing(own_home) -> None:
    assert platform.engine_status() is None
    assert not (own_home / "engine").exists()


def test_a_daemon_that_hangs(own_home, monkeypatch) -> None:
    """Somebody holds engine.lock and does not serve: said after the deadline, with its id."""
    import fcntl

    monkeypatch.setattr("hfai.client._engine.START_DEADLINE_S", 0.2)
    (own_home / "engine").mkdir()
    with (own_home / "engine" / "engine.lock").open("w") as lock:
        lock.write("12345\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UnreachableError, match="process 12345 runs the engine"):
            user_info()


@pytest.fixture
def hung(state_dir) -> int:
    """The process id of an engine that is there and does nothing."""
    pid = platform.engine_up().pid
    os.kill(pid, signal.SIGSTOP)
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_a_daemon_that_hangs_is_named(hung) -> None:
    """There is no address and no network to check: the process is told, and how to be rid of it."""
    with contextlib.closing(_session.embedded(may_start=False)) as session, pytest.raises(UnreachableError) as error:
        session.post("query/user/info", timeout_s=0.3)
    assert f"(process {hung})" in str(error.value) and "`hai-cli platform down`" in str(error.value)
    assert "network" not in str(error.value)


@pytest.mark.parametrize("body", [None, b"x" * (64 << 20)], ids=["question", "contents"])
def test_a_daemon_that_hangs_for_a_while(hung, capfd, body) -> None:
    """It is said once what is waited for, also where what is sent finds no room; the answer comes when it goes on."""
    capfd.readouterr()
    said = ""
    with ThreadPoolExecutor(2) as pool:
        route, query = ("query/user/info", {}) if body is None else ("operating/workspace/push/pack", {"name": "none"})
        asking = [pool.submit(_session.embedded(may_start=False).post, route, query, body) for _ in range(2)]
        deadline = time.monotonic() + 30
        while not said and time.monotonic() < deadline:
            time.sleep(0.02)
            said = capfd.readouterr().err
        assert not any(one.done() for one in asking)
        time.sleep(0.5)  # for a second line, which must not come
        os.kill(hung, signal.SIGCONT)
        errors = [one.exception(60) for one in asking]
    assert said + capfd.readouterr().err == f"hfai: the engine (process {hung}) does not answer; still waiting\n"
    assert errors == [None, None] if body is None else all(isinstance(error, HfaiError) for error in errors)
    assert not any(isinstance(error, UnreachableError) for error in errors)


def test_what_takes_its_time_is_no_silence(state_dir, config, capfd) -> None:
    """The engine answers meanwhile."""
    task = create_experiment_v2(config("exp", "sleep 600"))
    capfd.readouterr()
    query = {"id": task.id, "state": "finished", "timeout": 4}
    assert _session.current().post("query/task/wait", query)["result"]["reached"] is False
    assert capfd.readouterr().err == ""


def test_one_that_hangs_is_ended(hung, config, capfd, monkeypatch) -> None:
    """With its tasks, if they are to end: the next engine does it."""
    monkeypatch.setattr(platform, "_ANSWER_S", 0.3)
    assert platform.engine_down() is True
    assert platform.engine_status() is None
    task = create_experiment_v2(config("exp", "sleep 600"))
    wait(task, until="running", timeout=60)
    again = platform.engine_status().pid
    os.kill(again, signal.SIGSTOP)
    with pytest.raises(UnreachableError, match=f"process {again}"):
        platform.engine_up()
    capfd.readouterr()
    assert platform.engine_down(stop_tasks=True) is True
    assert f"hfai: the engine (process {again}) did not answer and was killed\n" in capfd.readouterr().err
    assert platform.engine_status() is None
    assert task.refresh().chain_status == "finished"


def test_submitting_while_it_is_killed(state_dir, config) -> None:
    """Again and again: each call submits once, never twice, and what it returned is there."""
    platform.engine_up()
    body = config("exp", "sleep 600")
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.5):
            endpoint = read_endpoint(state_dir)
            if endpoint is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(endpoint.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        tasks = [create_experiment_v2({**body, "name": f"exp{number}"}) for number in range(200)]
    finally:
        stop.set()
        killer.join()
    total, newest = get_experiments(1, 50)
    assert total == 200
    assert {task.id for task in newest} <= {task.id for task in tasks}
    assert len({task.chain_id for task in tasks}) == 200
