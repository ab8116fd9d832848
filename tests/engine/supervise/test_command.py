"""What a command is given, and how its end is recorded."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

ODD = ["a b", "it's", 'say "x"', "$HOME `id` \\", "line\nbreak", "训练 ñ", "", "*", "-n", "\udcff\udc80"]

SHOW = """
import json, os, resource, signal, sys
print(json.dumps({
    "argv": [os.fsencode(a).hex() for a in sys.argv[1:]],
    "environ": {k.hex(): v.hex() for k, v in os.environb.items()},
    "cwd": os.getcwd(), "stdin": sys.stdin.read(), "sid": os.getsid(0), "pgid": os.getpgrp(), "pid": os.getpid(),
    "fds": sorted(os.listdir("/proc/self/fd")), "same": os.fstat(1).st_ino == os.fstat(2).st_ino,
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "status": [line.split() for line in open("/proc/self/status") if line[:6] in ("SigBlk", "SigIgn")],
}))
"""


def as_hex(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex()


def test_arguments_and_environment_arrive_exactly(supervisors: Any) -> None:
    """Quotes, blanks, dollars, line breaks, other scripts and bytes that are not UTF-8 survive."""
    common = {"PATH": os.environ["PATH"], **{f"V{i}": value for i, value in enumerate(ODD)}, "V0": "replaced"}
    ranks = [{"node": "n", "environ": {"RANK": "0", "V0": "by the rank", "NAME-ü": "x=y"}}]
    run = supervisors.run(sys.executable, "-u", "-I", "-c", SHOW, *ODD, environ=common, ranks=ranks)
    assert supervisors.finish(run)["outcome"] == "exited"
    shown = json.loads(run.output)
    assert shown["argv"] == [as_hex(word) for word in ODD]
    wanted = {**common, **ranks[0]["environ"], "HFAI_RUN": f"{supervisors.engine_id}:1:0"}
    environ = shown["environ"]
    environ.pop(as_hex("LC_CTYPE"), None)  # Python's own, in the C locale
    assert environ == {as_hex(name): as_hex(value) for name, value in wanted.items()}


def test_the_process_is_set_up_as_promised(supervisors: Any) -> None:
    """Own session, workspace, empty stdin, one pipe, no inherited descriptor, no ignored or blocked signal."""
    run = supervisors.run(sys.executable, "-u", "-I", "-c", SHOW)
    end = supervisors.finish(run)
    shown = json.loads(run.output)
    assert shown["cwd"] == run.spec["workspace"]
    assert shown["stdin"] == ""
    assert shown["sid"] == shown["pgid"] == shown["pid"] == run.started["pid"] == run.started["sid"]
    assert shown["fds"] == ["0", "1", "2", "3"]  # 3 is the listing itself
    assert shown["same"]
    soft, hard = shown["files"]
    assert soft == (min(204800, hard) if hard != -1 else 204800) or soft > 204800
    masks = dict(shown["status"])
    assert int(masks["SigBlk:"], 16) == 0
    # Python itself ignores PIPE and XFSZ.
    python_ignores = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    assert int(masks["SigIgn:"], 16) == python_ignores
    assert (end["outcome"], end["exit_code"], end["signal"], end["asked"]) == ("exited", 0, None, None)


def test_sigpipe_is_not_ignored(supervisors: Any) -> None:
    """`yes | head` ends quietly, as in a terminal."""
    run = supervisors.run("bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}")
    supervisors.finish(run)
    assert run.output == b"y\n141\n"


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_exit_code(supervisors: Any, code: int) -> None:
    run = supervisors.run("sh", "-c", f"echo first; echo last; exit {code}")
    end = supervisors.finish(run)
    assert (end["outcome"], end["exit_code"], end["signal"]) == ("exited", code, None)
    assert end["last_lines"] == ["first", "last"]
    assert (end["format"], end["run_id"], end["rank"]) == (1, 1, 0)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_signal(supervisors: Any, signum: signal.Signals) -> None:
    run = supervisors.run("sh", "-c", f"kill -{int(signum)} $$", environ={"PATH": os.environ["PATH"]})
    end = supervisors.finish(run)
    assert (end["outcome"], end["exit_code"], end["signal"]) == ("signaled", None, int(signum))
    assert signum.name in end["message"]


def script(supervisors: Any, name: str, content: bytes, mode: int) -> Path:
    path = supervisors.directory / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("name", "content", "mode", "exit_code", "message"),
    [
        ("missing", None, 0, 127, "not found"),
        ("no_x", b"#!/bin/sh\n", 0o600, 126, "Permission denied"),
        ("bad_interpreter", b"#!/no/such/thing\n", 0o700, 127, "interpreter"),
        ("other_machine", b"\x7fELF\0\0\0\0garbage", 0o700, 126, "not a program"),
    ],
)
def test_what_cannot_be_executed(
    supervisors: Any, name: str, content: Any, mode: int, exit_code: int, message: str
) -> None:
    """The reason is in the marker and in the log, the code is a shell's; it never counts as started."""
    if content is not None:
        script(supervisors, name, content, mode)
    run = supervisors.run(str(supervisors.directory / name))
    end = supervisors.finish(run)
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", exit_code)
    assert message in end["message"]
    assert name in end["message"]
    assert run.output.decode() == end["message"] + "\n"
    assert end["last_lines"] == [end["message"]]
    assert run.started is None


def test_a_directory_is_no_command(supervisors: Any) -> None:
    end = supervisors.finish(supervisors.run(str(supervisors.directory)))
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 126)


def test_a_name_is_looked_up_in_the_path_of_the_task(supervisors: Any) -> None:
    """Not in that of the supervisor; a file that may not be executed is passed over, as in a shell."""
    first, second = supervisors.directory / "first", supervisors.directory / "second"
    first.mkdir()
    second.mkdir()
    script(supervisors, "first/tool", b"#!/bin/sh\necho wrong\n", 0o600)
    script(supervisors, "second/tool", b"#!/bin/sh\necho right\n", 0o700)
    run = supervisors.run("tool", environ={"PATH": f"{first}:{second}"})
    assert supervisors.finish(run)["outcome"] == "exited"
    assert run.output == b"right\n"
    gone = supervisors.run("sh", environ={"PATH": str(first)})
    end = supervisors.finish(gone)
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 127)
    assert str(first) in end["message"]


def test_a_script_without_first_line_goes_to_the_shell(supervisors: Any) -> None:
    path = script(supervisors, "plain", b'echo "$1"\n', 0o700)
    run = supervisors.run(str(path), "a  b")
    assert supervisors.finish(run)["exit_code"] == 0
    assert run.output == b"a  b\n"


@pytest.mark.parametrize("argv", [["tr\0ue"], ["true", "a\0b"], ["true", "\ud800"]])
def test_what_no_process_can_be_given(supervisors: Any, argv: list[str]) -> None:
    end = supervisors.finish(supervisors.run(*argv))
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 126)
    assert end["message"]


def test_the_workspace_is_gone(supervisors: Any) -> None:
    run = supervisors.run("true", workspace=str(supervisors.directory / "no such folder"))
    end = supervisors.finish(run)
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 127)
    assert "no such folder" in end["message"]


def test_the_workspace_is_a_file(supervisors: Any) -> None:
    path = script(supervisors, "file", b"", 0o600)
    end = supervisors.finish(supervisors.run("true", workspace=str(path)))
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 126)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1}'])
def test_a_broken_specification_ends_the_rank(supervisors: Any, text: str) -> None:
    """With a reason: nobody could make anything of a rank that silently never starts."""
    run = supervisors.run("true")
    (run.path / "spec.json").write_text(text)
    end = supervisors.finish(run)
    assert (end["outcome"], end["run_id"]) == ("exec_failed", 1)
    assert "spec.json" in end["message"]


def test_a_rank_that_does_not_exist(supervisors: Any) -> None:
    run = supervisors.run("true")
    assert supervisors.start(run, rank=1).wait(20) == 0
    assert "rank 1" in json.loads((run.path / "1" / "end.json").read_text())["message"]


def test_files_are_private(supervisors: Any) -> None:
    run = supervisors.run("true")
    supervisors.finish(run)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in run.rank_dir.iterdir()}
    assert modes == dict.fromkeys(["control", "end.json", "lock", "log.0", "started.json"], "0o600")
    assert run.rank_dir.stat().st_mode & 0o777 == 0o700


def test_an_account_that_is_gone(supervisors: Any) -> None:
    """The command does not run under the supervisor's own instead; so with numbers that would be root's."""
    end = supervisors.finish(supervisors.run("id", account={"name": "left"}))
    assert (end["outcome"], end["exit_code"]) == ("exec_failed", 126)
    assert end["message"] == "there is no account left on this machine any more"
    end = supervisors.finish(supervisors.run("id", account={"name": "toor", "uid": 0, "gid": 0, "groups": []}))
    assert end["outcome"] == "exec_failed" and "account toor" in end["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may switch: tests/engine/test_unix_accounts.py")
def test_an_account_that_cannot_be_switched_to(supervisors: Any) -> None:
    end = supervisors.finish(supervisors.run("id", account={"name": "other", "uid": os.getuid() + 1, "gid": 1, "groups": []}))
    assert end["outcome"] == "exec_failed" and end["message"].startswith("cannot run as other: ")
