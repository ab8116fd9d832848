"""The supervisor's socket, the control page and the events."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, Iterator

import pytest

from hfai.engine.supervise.ask import ask, is_locked, read_end, read_started
from hfai.model import control


class Receiver(socket.socket):
    """The daemon's end of the events."""

    path = ""


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Receiver]:
    """The daemon's datagram socket, at a path longer than a socket address."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    fd = os.open(folder, os.O_PATH)
    with Receiver(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"/proc/self/fd/{fd}/events.sock")
        os.close(fd)
        receiver.settimeout(20)
        receiver.path = str(folder / "events.sock")
        yield receiver


@pytest.fixture
def sleeper(supervisors: Any, events: Any, wait_until: Any) -> Iterator[Any]:
    """A run that does nothing until it is killed."""
    run = supervisors.run("sleep", "600", events_socket=events.path, whole_life_state=5)
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    yield run
    if supervisor.poll() is None:
        run.ask("kill")
    assert supervisor.wait(20) == 0


def event(receiver: socket.socket) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(receiver.recv(65536))
    return body


def page(run: Any) -> bytes:
    return bytes((run.rank_dir / "control").read_bytes())


def test_ping(sleeper: Any, supervisors: Any) -> None:
    assert sleeper.ask("ping") == {"ok": True, "pid": supervisors.started[0].pid}
    assert sleeper.started["supervisor_pid"] == supervisors.started[0].pid


def test_the_events_of_a_life(supervisors: Any, events: Any) -> None:
    run = supervisors.run("sh", "-c", "exit 3", events_socket=events.path)
    supervisors.finish(run)
    started, ended = event(events), event(events)
    assert (started["run_id"], started["rank"], started["event"]) == (1, 0, "started")
    assert (ended["event"], ended["outcome"], ended["exit_code"], ended["signal"]) == ("ended", "exited", 3, None)


def test_nobody_listens_to_events(supervisors: Any) -> None:
    """A daemon that is away changes nothing."""
    run = supervisors.run("true", events_socket=str(supervisors.directory / "nobody.sock"))
    assert supervisors.finish(run)["exit_code"] == 0


def test_suspend_and_acknowledgement(sleeper: Any, events: Any) -> None:
    assert event(events)["event"] == "started"
    assert sleeper.ask("suspend") == {"ok": True}
    assert page(sleeper)[control.SUSPEND] == 1
    with (sleeper.rank_dir / "control").open("r+b") as file:
        file.seek(control.ACKNOWLEDGED)
        file.write(b"\x01")
    assert event(events) == {"run_id": 1, "rank": 0, "event": "acknowledged"}
    assert sleeper.ask("go_suspend") == {"ok": True}
    assert event(events)["event"] == "go_suspend"
    assert page(sleeper)[control.CAN_SUSPEND] == 1
    assert sleeper.ask("unsuspend") == {"ok": True}
    assert page(sleeper)[control.SUSPEND] == 0
    # What was said to an earlier request does not count for the next.
    assert sleeper.ask("suspend") == {"ok": True}
    assert list(page(sleeper)[8:11]) == [1, 0, 0]


def test_only_rank_0_is_told_to_suspend(supervisors: Any, wait_until: Any) -> None:
    run = supervisors.run("sleep", "600", ranks=[{"node": "a", "environ": {}}, {"node": "b", "environ": {}}])
    supervisor = supervisors.start(run, rank=1)
    rank_dir = str(run.path / "1")
    wait_until(lambda: read_started(rank_dir))
    assert ask(rank_dir, {"action": "suspend"})["ok"] is False
    assert ask(rank_dir, {"action": "kill"}) == {"ok": True}
    assert supervisor.wait(20) == 0


def test_whole_life_state(sleeper: Any, events: Any, supervisors: Any) -> None:
    event(events)
    assert int.from_bytes(page(sleeper)[24:32], "little", signed=True) == 5
    assert sleeper.ask("set_whole_life_state", state=-7) == {"ok": True}
    got = event(events)
    assert (got["event"], got["state"]) == ("whole_life_state", -7)
    sleeper.ask("kill")
    assert supervisors.started[0].wait(20) == 0
    assert (sleeper.end["whole_life_state"], sleeper.end["state_is_set"]) == (-7, True)


def test_a_state_that_nobody_sets_is_carried_on(supervisors: Any) -> None:
    end = supervisors.finish(supervisors.run("true", whole_life_state=9))
    assert (end["whole_life_state"], end["state_is_set"]) == (9, False)


def test_set_priority_is_passed_on(sleeper: Any, events: Any) -> None:
    event(events)
    assert sleeper.ask("set_priority", priority=30) == {"ok": True}
    got = event(events)
    assert (got["event"], got["priority"]) == ("set_priority", 30)
    events.close()
    reply = sleeper.ask("set_priority", priority=20)
    assert reply["ok"] is False, "nobody has heard of it"


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"[1]\n",
        b'"stop"\n',
        b"{}\n",
        b'{"action": []}\n',
        b'{"action": "rm"}\n',
        b'{"action": "stop", "word": "please"}\n',
        b'{"action": "stop", "word": ["stop"]}\n',
        b'{"action": "stop", "word": "stop", "grace_s": -1}\n',
        b'{"action": "stop", "word": "stop", "grace_s": NaN}\n',
        b'{"action": "stop", "word": "stop", "grace_s": Infinity}\n',
        b'{"action": "stop", "word": "stop", "grace_s": true}\n',
        b'{"action": "stop", "word": "stop", "grace_s": "5"}\n',
        b'{"action": "set_whole_life_state"}\n',
        b'{"action": "set_whole_life_state", "state": 1.5}\n',
        b'{"action": "set_whole_life_state", "state": 9223372036854775808}\n',
        b'{"action": "set_watchdog_time", "seconds": -1}\n',
        b'{"action": "set_priority", "priority": "high"}\n',
        b"[" * 60000 + b"\n",
        b"9" * 60000 + b"\n",
        b"\xff\xfe\n",
        b"cos\nsystem\n(S'true'\ntR.",
        b"x" * 70000 + b"\n",
    ],
)
def test_nonsense_is_refused(sleeper: Any, line: bytes) -> None:
    """Each in a few words, and the supervisor goes on."""
    reply = raw(sleeper, line)
    assert reply == b"" if line == b"\n" else json.loads(reply)["ok"] is False
    assert sleeper.ask("ping")["ok"] is True
    assert sleeper.end is None


def raw(run: Any, line: bytes) -> bytes:
    fd = os.open(run.rank_dir, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(20)
            peer.connect(f"/proc/self/fd/{fd}/sock")
            peer.sendall(line)
            reply = b""
            while True:
                try:
                    block = peer.recv(65536)
                except ConnectionResetError:  # closed before it had read all of it
                    return reply
                if not block:
                    return reply
                reply += block
    finally:
        os.close(fd)


def test_many_at_once_and_silent_ones(sleeper: Any) -> None:
    """Connections that say nothing do not keep others from being served, and do not pile up for ever."""
    fd = os.open(sleeper.rank_dir, os.O_PATH)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    try:
        for peer in silent:
            peer.connect(f"/proc/self/fd/{fd}/sock")
            peer.send(b'{"action": ')
        for _ in range(5):
            assert sleeper.ask("ping")["ok"] is True
    finally:
        os.close(fd)
        for peer in silent:
            peer.close()
    assert sleeper.ask("ping")["ok"] is True


def test_nobody_to_ask(supervisors: Any, tmp_path: Path) -> None:
    """No directory, no supervisor any more: an OSError, not a hang."""
    with pytest.raises(OSError):
        ask(str(tmp_path / "nothing"), {"action": "ping"})
    run = supervisors.run("true")
    supervisors.finish(run)
    with pytest.raises(OSError):
        run.ask("ping")


def test_what_is_on_disk(sleeper: Any, supervisors: Any, tmp_path: Path) -> None:
    rank_dir = str(sleeper.rank_dir)
    assert is_locked(rank_dir)
    assert read_end(rank_dir) is None
    sleeper.ask("kill")
    assert supervisors.started[0].wait(20) == 0
    assert not is_locked(rank_dir)
    assert read_end(rank_dir) is not None
    nothing = str(tmp_path / "nothing")
    assert (is_locked(nothing), read_started(nothing), read_end(nothing)) == (False, None, None)


def test_pids_of_another_boot_are_not_given(sleeper: Any) -> None:
    """Killing by number after a reboot would hit others."""
    path = sleeper.rank_dir / "started.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot_id": "another"}))
    started = read_started(str(sleeper.rank_dir))
    assert started is not None
    assert (started["pid"], started["sid"]) == (None, None)


def test_a_second_supervisor_leaves_at_once(sleeper: Any, supervisors: Any, wait_until: Any) -> None:
    """While the first has the rank, and also after its end: a rank runs once."""
    before = page(sleeper)
    assert supervisors.start(sleeper).wait(20) == 0
    assert sleeper.ask("ping")["pid"] == supervisors.started[0].pid
    assert page(sleeper) == before
    sleeper.ask("kill")
    assert supervisors.started[0].wait(20) == 0
    end = sleeper.end
    assert supervisors.start(sleeper).wait(20) == 0
    assert sleeper.end == end


def test_a_rank_whose_supervisor_was_killed_is_not_run_again(supervisors: Any, wait_until: Any) -> None:
    """The restart is a new run, so that no step is done twice behind the daemon's back."""
    run = supervisors.run("sh", "-c", "echo x >> count; exec sleep 600")
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started and (supervisors.directory / "workspace" / "count").exists())
    supervisor.kill()
    supervisor.wait()
    assert not is_locked(str(run.rank_dir))
    wait_until(lambda: not supervisors.marked())
    assert supervisors.start(run).wait(20) == 0
    assert (supervisors.directory / "workspace" / "count").read_text() == "x\n"
    assert run.end is None
