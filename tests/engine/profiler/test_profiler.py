"""The profiler beside real processes: what it sees, how it ends, what it says where it may not or cannot."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.stacks import StackRecorder
from hfai.engine.profiler.tree import TaskTree
from tests.engine.profiler.conftest import DEADLINE_S, Lines, lines_of, until

Start = Callable[..., subprocess.Popen[bytes]]


def kinds(lines: Lines) -> list[str]:
    return [line["t"] for line in lines]


def skipped(lines: Lines) -> dict[str, str]:
    return {line["recorder"]: line["why"] for line in lines if line["t"] == "skip"}


def functions(lines: Lines) -> dict[str, int]:
    """How often each function was the innermost one."""
    seen: dict[str, int] = {}
    for line in lines:
        for thread in line["body"]["threads"] if line["t"] == "python" else ():
            for stack, count in thread["samples"]:
                name = line["body"]["frames"][stack[-1]][0]
                seen[name] = seen.get(name, 0) + count
    return seen


def test_all_processes_are_sampled(busy: Any, profiled: Callable[..., Lines]) -> None:
    """Their CPU and memory as numbers, their stacks by function, the child's too; first and last line say when."""
    lines = profiled(time_s=1.5, recorders=["basic", "python"], intervals_s={"basic": 0.4, "python": 0.02})
    assert kinds(lines)[0] == "begin" and kinds(lines)[-1] == "end"
    assert (lines[-1]["by"], lines[-1]["elapsed_s"]) == ("time", 1.5)
    rows = [line for line in lines if line["t"] == "basic"]
    assert 2 <= len(rows) <= 4  # fewer on a machine that has better things to do
    assert all(row["processes"] == 2 and len(row["of_processes"]) == 2 for row in rows)
    assert sum(row["cpu_percent"] for row in rows) / len(rows) > 2
    assert busy.pid in {one[0] for one in rows[0]["of_processes"]}
    assert rows[0]["memory_rss_bytes"] == sum(one[4] for one in rows[0]["of_processes"]) > 5_000_000
    seen = functions(lines)
    assert seen["parent_work"] > 2 and seen["child_work"] > 2
    assert {thread["pid"] for line in lines if line["t"] == "python" for thread in line["body"]["threads"]} == {
        one[0] for one in rows[0]["of_processes"]
    }


@pytest.mark.parametrize(("number", "by"), [(signal.SIGINT, "asked"), (signal.SIGTERM, "task"), (signal.SIGHUP, "asked")])
def test_a_signal_ends_it_with_what_it_has(busy: Any, start_profiler: Start, number: int, by: str) -> None:
    """Nothing of py-spy is left, and its stacks are there."""
    process = start_profiler(time_s=600, recorders=["basic", "python"], intervals_s={"basic": 0.8})
    assert process.stdout is not None
    first = [process.stdout.readline(), process.stdout.readline()]
    assert json.loads(first[1])["t"] == "basic" and until(lambda: spies_on(busy.pid))
    os.kill(process.pid, number)
    out, _ = process.communicate(timeout=DEADLINE_S)
    lines = lines_of(out)
    assert lines[-1]["by"] == by and functions(lines)["parent_work"] > 2
    assert not spies_on(busy.pid)


def spies_on(pid: int) -> list[str]:
    """The py-spy that sample a process, from the moment that they say so."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            is_on_it = b"\0--pid\0%d\0" % pid in (entry / "cmdline").read_bytes()
            if is_on_it and (entry / "fd" / "2").stat().st_size:
                found.append(entry.name)
    return found


def test_it_ends_with_the_task(busy: Any, start_profiler: Start) -> None:
    process = start_profiler(time_s=600, recorders="basic", intervals_s={"basic": 0.1})
    assert process.stdout is not None
    process.stdout.readline(), process.stdout.readline()
    os.killpg(busy.pid, signal.SIGKILL)
    busy.wait()
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert lines_of(out)[-1]["by"] == "task"


def test_work_of_children_that_lived_shorter_than_an_interval_counts(task: Start, profiled: Callable[..., Lines]) -> None:
    """They have gone when the next sample is taken, but the process that waited for them has their time."""
    task("sh", "-c", "echo begun; while :; do awk 'BEGIN { for (i = 0; i < 300000; i++); }'; done")
    rows = [line for line in profiled(time_s=1.2, recorders="basic", intervals_s={"basic": 0.6}) if line["t"] == "basic"]
    assert max(row["cpu_percent"] for row in rows) > 3


def test_guests_are_no_part_of_the_task(busy: Any, task: Start, profiled: Callable[..., Lines]) -> None:
    """A shell of somebody's beside the task, and what it runs."""
    guest = task(sys.executable, "-c", BUSY_GUEST, HFAI_GUEST="command")
    lines = profiled(time_s=0.8, recorders=["basic", "python"], intervals_s={"basic": 0.3})
    assert "guest_work" not in functions(lines)
    pids = {one[0] for line in lines if line["t"] == "basic" for one in line["of_processes"]}
    assert busy.pid in pids and guest.pid not in pids


BUSY_GUEST = """
def guest_work():
    while True:
        sum(range(1000))
print("begun", flush=True)
guest_work()
"""


def test_a_python_that_is_started_later_is_found(task: Start, profiled: Callable[..., Lines]) -> None:
    """A shell script gets to its training after a while."""
    task("sh", "-c", f"echo begun; sleep 0.7; {sys.executable} -c 'def late():\n while True: sum(range(99))\nlate()'")
    lines = profiled(time_s=2.5, recorders="python")
    assert functions(lines)["late"] > 2 and not skipped(lines)


def test_without_a_python_it_says_so(task: Start, profiled: Callable[..., Lines]) -> None:
    task("sh", "-c", "echo begun; sleep 60")
    lines = profiled(time_s=0.5, recorders=["basic", "python"], intervals_s={"basic": 0.2})
    assert skipped(lines) == {"python": "no process of the rank runs Python"}
    assert "basic" in kinds(lines)


def test_threads_that_wait(task: Start, profiled: Callable[..., Lines]) -> None:
    """They are not sampled, which it says, unless they are wanted."""
    task(sys.executable, "-c", "import time\nprint('begun', flush=True)\ntime.sleep(60)")
    lines = profiled(time_s=0.7, recorders="python")
    assert skipped(lines) == {"python": "no Python thread ever ran, all of them waited: --idle shows where"}
    lines = profiled(time_s=0.7, recorders="python", with_idle=True)
    assert functions(lines)["<module>"] > 2 and not skipped(lines)


def test_without_psutil_the_others_go_on(busy: Any, profiled: Callable[..., Lines], tmp_path: Path) -> None:
    """It says what to type. Nothing else needs it."""
    (tmp_path / "psutil.py").write_text("raise ImportError('not installed')\n")
    lines = profiled(environ={"PYTHONPATH": str(tmp_path)}, time_s=0.8, recorders=["basic", "python"])
    assert skipped(lines) == {
        "basic": f"psutil is not installed beside the engine: {sys.executable} -m pip install psutil"
    }
    assert functions(lines)["parent_work"] > 2


def test_without_py_spy_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"py-spy is not installed beside the engine: {sys.executable} -m pip install py-spy"):
        StackRecorder(None, TaskTree(os.getpid()), Output(), 0.01, 0.0, with_idle=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give rights away")
def test_without_the_rights_it_says_what_to_do(busy: Any, profiled: Callable[..., Lines]) -> None:
    """As in a container without SYS_PTRACE; the numbers, which need no such right, are there all the same."""
    if not has_ptrace():
        pytest.skip("this process has not got the right either, so the task has no more than the profiler")
    drop = ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
    lines = profiled(before=drop, time_s=1.8, recorders=["basic", "python"], intervals_s={"basic": 0.5})
    assert list(skipped(lines)) == ["python"]
    assert "--cap-add SYS_PTRACE" in skipped(lines)["python"]
    assert "basic" in kinds(lines)


def has_ptrace() -> bool:
    status = Path("/proc/self/status").read_text()
    return bool(int(status.split("CapEff:")[1].split()[0], 16) >> 19 & 1)


def test_another_users_process() -> None:
    """Seen by a process that is not root: of whom it is, and the one line that root has to type."""
    code = (
        "import os, sys\n"
        "from hfai.engine.profiler.rights import why_not\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "print(why_not(int(sys.argv[1]), '/bin/py-spy'))"
    )
    target = os.getpid() if os.geteuid() == 0 else 1
    said = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True).stdout
    own = 65534 if os.geteuid() == 0 else os.geteuid()
    assert f"the task runs as user 0 and the engine as user {own}" in said or "ptrace_scope" in said
    assert "setcap cap_sys_ptrace+ep /bin/py-spy" in said
