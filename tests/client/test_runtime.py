"""Inside a task, in a simulation, and in neither: each in a process of its own, as scripts run."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading

import pytest

from hfai.model import control

NOWHERE = {k: v for k, v in os.environ.items() if not k.startswith(("HFAI_", "MARSV2_"))}


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hfai.client import *\n" + code],
        capture_output=True,
        text=True,
        env={**NOWHERE, **environ},
        timeout=60,
    )


def out(code: str, **environ: str) -> str:
    done = run(code, **environ)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip()


class Rank:
    """A rank's directory with its control page, and a supervisor that answers on the socket."""

    def __init__(self, directory) -> None:
        self.directory = directory
        page = bytearray(control.SIZE_BYTES)
        page[: len(control.MAGIC)] = control.MAGIC
        struct.pack_into("<q", page, control.WHOLE_LIFE_STATE, 5)
        (directory / "control").write_bytes(page)
        self.asked: list[dict[str, object]] = []
        self.answer: dict[str, object] = {"ok": True}
        self.socket = socket.socket(socket.AF_UNIX)
        fd = os.open(directory, os.O_RDONLY)
        self.socket.bind(f"/proc/self/fd/{fd}/sock")
        os.close(fd)
        self.socket.listen()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            peer, _ = self.socket.accept()
            with peer, peer.makefile("rwb") as file:
                line = file.readline()
                if not line:
                    return
                self.asked.append(json.loads(line))
                file.write(json.dumps(self.answer).encode() + b"\n")

    def close(self) -> None:
        fd = os.open(self.directory, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(f"/proc/self/fd/{fd}/sock")
        os.close(fd)
        self.thread.join()
        self.socket.close()

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HFAI_CONTROL": str(self.directory / "control"),
            "HFAI_TASK_SOCKET_DIR": str(self.directory),
            "MARSV2_TASK_TYPE": "training",
            "MARSV2_WHOLE_LIFE_STATE": "5",
        }

    def set(self, offset: int, value: int) -> None:
        with (self.directory / "control").open("r+b") as file:
            file.seek(offset)
            file.write(bytes([value]))

    def get(self, offset: int) -> int:
        return (self.directory / "control").read_bytes()[offset]


@pytest.fixture
def rank(tmp_path):
    directory = tmp_path / ("a directory with a long name " * 4)
    directory.mkdir()
    rank = Rank(directory)
    yield rank
    rank.close()


def test_nowhere() -> None:
    """Neutral values, and one line for all of them."""
    code = """print(receive_suspend_command(), receive_suspend_command(), go_suspend(), set_whole_life_state(3),
      get_whole_life_state(), set_watchdog_time(5), set_priority(30))"""
    done = run(code)
    assert done.stdout == "False False None False None None False\n"
    assert done.stderr == "hfai: receive_suspend_command(): this process is not part of a task, nothing is done\n"


def test_a_page_that_is_gone_or_none(tmp_path) -> None:
    """Asking must not end a training."""
    (tmp_path / "control").write_bytes(b"x" * 4096)
    for path in (tmp_path / "missing", tmp_path / "control"):
        done = run("print(receive_suspend_command())", HFAI_CONTROL=str(path))
        assert done.stdout == "False\n"
        assert "not part of a task" in done.stderr


def test_a_suspension(rank) -> None:
    """False, then True as soon as the byte is set; True is the acknowledgement."""
    code = """
import os
print(receive_suspend_command())
with open(os.environ["HFAI_CONTROL"], "r+b") as f:
    f.seek(8); f.write(b"\\1")
print(receive_suspend_command(), receive_suspend_command(timeout=1, raise_exception=True))"""
    assert rank.get(control.ACKNOWLEDGED) == 0
    assert out(code, **rank.environ) == "False\nTrue True"
    assert rank.get(control.ACKNOWLEDGED) == 1


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("asked_before", [False, True])
def test_children_see_it(rank, tmp_path, method, asked_before) -> None:
    """Forked or spawned, whether or not the parent has asked."""
    script = tmp_path / "main.py"
    script.write_text(f"""
import multiprocessing, os
from hfai.client import receive_suspend_command

def child(pipe):
    pipe.send(receive_suspend_command())
    pipe.recv()
    pipe.send(receive_suspend_command())

if __name__ == "__main__":
    if {asked_before}:
        receive_suspend_command()
    context = multiprocessing.get_context({method!r})
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs,))
    process.start()
    print(ours.recv())
    with open(os.environ["HFAI_CONTROL"], "r+b") as f:
        f.seek(8); f.write(b"\\1")
    ours.send(None)
    print(ours.recv(), receive_suspend_command())
    process.join()
""")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env={**NOWHERE, **rank.environ}, timeout=60
    )
    assert done.stdout == "False\nTrue True\n", done


def test_go_suspend_does_not_return(rank) -> None:
    """The supervisor is told, then the process waits to be ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from hfai.client import go_suspend; go_suspend(); print('returned')"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**NOWHERE, **rank.environ},
    )
    assert process.stderr.readline() == "hfai: go_suspend(): waiting to be suspended\n"
    assert rank.asked == [{"action": "go_suspend"}]
    assert process.poll() is None
    process.kill()
    assert process.communicate()[0] == ""


def test_go_suspend_of_another_type_of_task(rank) -> None:
    assert out("print(go_suspend())", **{**rank.environ, "MARSV2_TASK_TYPE": "jupyter"}) == "None"
    assert rank.asked == []


def test_whole_life_state(rank) -> None:
    """From the page; set only where it is another."""
    code = "print(get_whole_life_state(), set_whole_life_state(5), set_whole_life_state(-7))"
    assert out(code, **rank.environ) == "5 False True"
    assert rank.asked == [{"action": "set_whole_life_state", "state": -7}]


def test_watchdog_and_priority(rank) -> None:
    code = """
print(set_watchdog_time(3600), set_watchdog_time(0)["success"])
print(set_priority(EXP_PRIORITY.HIGH), set_priority(8), set_priority(17))"""
    first, second = out(code, **rank.environ).splitlines()
    assert first == "{'success': 1, 'msg': 'set_watchdog_time 3600秒 设置成功'} 0"
    assert second == "True True False"
    assert rank.asked == [
        {"action": "set_watchdog_time", "seconds": 3600},
        {"action": "set_priority", "priority": 30},
        {"action": "set_priority", "priority": 8},
    ]


def test_refused(rank) -> None:
    """Raised only where it was asked for."""
    rank.answer = {"ok": False, "msg": "no, because"}
    code = """
print(set_priority(30), set_whole_life_state(1, raise_exception=False), set_watchdog_time(9))
for call in (lambda: set_priority(30, raise_exception=True), lambda: set_whole_life_state(1)):
    try: call()
    except RuntimeError as error: print(error)"""
    assert out(code, **rank.environ).splitlines() == [
        "False False {'success': 0, 'msg': 'set_watchdog_time: no, because'}",
        "set_priority: no, because",
        "set_whole_life_state: no, because",
    ]


def test_no_supervisor(tmp_path, rank) -> None:
    """Tried until the time is up."""
    environ = {**rank.environ, "HFAI_TASK_SOCKET_DIR": str(tmp_path)}
    assert out("print(set_priority(30, timeout=0), go_suspend(timeout=0))", **environ) == "False None"


def test_simulation() -> None:
    """As `hai-cli python FILE ++ -ss 0.3 -ls 4` sets it up."""
    code = """
import time
print(get_whole_life_state(), receive_suspend_command())
print(set_whole_life_state(9), set_whole_life_state(9), get_whole_life_state(), set_priority(30), set_watchdog_time(5)["success"])
deadline = time.monotonic() + 20
while not receive_suspend_command() and time.monotonic() < deadline:
    time.sleep(0.01)
print(receive_suspend_command(), flush=True)
go_suspend()
print("returned")"""
    done = run(code, HFAI_SIMULATE="1", SIMULATE_SUSPEND="0.3", MARSV2_WHOLE_LIFE_STATE="4")
    assert done.stdout.splitlines() == ["4 False", "True False 9 True 1", "True"]
    assert done.returncode == 0
    assert done.stderr == "hfai: go_suspend(): this simulated task ends here\n"


def test_simulation_without_a_suspension() -> None:
    assert out("print(receive_suspend_command(), get_whole_life_state())", HFAI_SIMULATE="1") == "False 0"


def test_warnings() -> None:
    """There is nobody to warn, so they are off; a wrong kind is refused."""
    code = """
print(disable_warn(WARN_TYPE.LOG | WARN_TYPE.INTERRUPT), disable_warn(0), disable_warn(16), int(WARN_TYPE.INTERRUPT))
try: disable_warn(-1, raise_exception=True)
except RuntimeError as error: print(error)"""
    assert out(code, HFAI_SIMULATE="1").splitlines() == [
        "True True False 8",
        "disable_warn: a sum of 1 (COMPLETED), 2 (TERMINATING), 4 (LOG), 8 (INTERRUPT), not -1",
    ]
    assert run("print(disable_warn(1))").stdout == "False\n"


def test_priorities_by_number() -> None:
    from hfai.client import EXP_PRIORITY

    assert EXP_PRIORITY.get_name_by_value(30) == "HIGH"
    assert EXP_PRIORITY.AUTO == -1
    with pytest.raises(ValueError, match="17"):
        EXP_PRIORITY.get_name_by_value(17)
