"""``logs``: which lines, of which ranks, in which form."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import DEADLINE_S, HAI_CLI, Cli

SCRIPT = r"""
import os, sys
rank = os.environ["RANK"]
out = sys.stdout.buffer
out.write(f"first of {rank}\n".encode())
for percent in (10, 50, 100):
    out.write(f"\r{percent}%".encode()); out.flush()
out.write("\n中文 line\n".encode())
out.write(b"no utf-8: \xff\n")
out.write(b"last\n")
"""
RAW = b"first of 0\n\r10%\r50%\r100%\n" + "中文 line\n".encode() + b"no utf-8: \xff\nlast\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSandbox]:
    """With one task of three ranks that has ended."""
    with EngineSandbox({"nodes": 4}) as sandbox:
        cli = Cli(sandbox.env, tmp_path_factory.mktemp("work"))
        cli.write("talk.py", SCRIPT)
        assert cli("python", "talk.py", "--", "-n", "3", "--name", "talk", "-f").status == 0
        yield sandbox


def texts(out: str) -> list[str]:
    """The lines of the log without tables and stamps."""
    return [line[29:] for line in out.splitlines() if line.startswith("[2")]


def test_tables_then_lines_with_stamps(hai: Cli) -> None:
    """A progress bar is its last state; bytes that are no UTF-8 pass."""
    done = hai_bytes(hai, "logs", "talk")
    head, _, log = done.partition(b"  fetching  log on rank 0... " + b"=" * 20 + b"\n")
    assert b" created_at " in head and b" jobs " in head
    assert [line[29:] for line in log.splitlines()] == [
        b"first of 0",
        b"100%",
        "中文 line".encode(),
        b"no utf-8: \xff",
        b"last",
    ]


def hai_bytes(hai: Cli, *words: str) -> bytes:
    return subprocess.run([HAI_CLI, *words], env=hai.env, stdout=subprocess.PIPE, timeout=DEADLINE_S, check=True).stdout


def test_raw_is_what_the_task_wrote(hai: Cli) -> None:
    assert hai_bytes(hai, "logs", "talk", "--raw") == RAW


def test_several_ranks_have_theirs_in_front(hai: Cli) -> None:
    """``all`` or a list; each line whole."""
    lines = hai_bytes(hai, "logs", "talk", "-r", "all").splitlines()
    for rank in range(3):
        prefix = b"[rank %d] " % rank
        own = [line[len(prefix) + 29 :] for line in lines if line.startswith(prefix)]
        assert own[0] == b"first of %d" % rank and own[-1] == b"last" and len(own) == 5
    lines = hai_bytes(hai, "logs", "talk", "-r", "0,2-2").splitlines()
    assert {line[:8] for line in lines if line.startswith(b"[rank")} == {b"[rank 0]", b"[rank 2]"}


def test_colours_only_where_wanted(hai: Cli) -> None:
    assert b"\x1b" not in hai_bytes(hai, "logs", "talk", "-r", "all")
    assert b"\x1b[" in hai_bytes(hai, "logs", "talk", "-r", "all", "--color", "always")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--tail", "1"), ["last"]),
        (("--tail", "0"), []),
        (("--grep", "^(first|last)"), ["first of 0", "last"]),
        (("--grep", "中"), ["中文 line"]),
        (("--since", "2001-01-01", "--until", "2001-01-02"), []),
        (("--since", "1h", "--tail", "2", "--grep", "last"), ["last"]),
        (("--since", "0s"), []),
    ],
)
def test_which_lines(hai: Cli, words: tuple[str, ...], expected: list[str]) -> None:
    assert texts(hai_bytes(hai, "logs", "talk", *words).decode(errors="replace")) == expected


def test_the_log_of_the_platform(hai: Cli) -> None:
    """-c: why and when the rank was started, how it ended; of one rank, whole."""
    done = hai("logs", "-c", "talk", "-r", 2)
    lines = done.out.splitlines()
    assert lines[0].startswith("run 1, rank 2 on cpu-") and lines[-1] == "exit code 0" and " started: " in done.out
    assert json.loads(hai("logs", "-c", "talk", "--json").out)["text"].startswith("run 1, rank 0 on ")
    assert hai("logs", "-c", "talk", "-r", 3).status == 3
    for words in (("-f",), ("-r", "all"), ("--tail", 0), ("--grep", "x")):
        refused = hai("logs", "-c", "talk", *words)
        assert refused.status == 2 and "--container" in refused.err and len(refused.err.splitlines()) == 1


def test_json_lines(hai: Cli) -> None:
    """One object a line, the text as it was written."""
    lines = [json.loads(line) for line in hai_bytes(hai, "logs", "talk", "--json", "-r", "1").splitlines()]
    assert [line["text"] for line in lines] == ["first of 1", "\r10%\r50%\r100%", "中文 line", "no utf-8: \ufffd", "last"]
    assert {(line["rank"], line["run"]) for line in lines} == {(1, 1)}
    assert all(set(line) == {"rank", "run", "time", "text"} and len(line["time"]) == 26 for line in lines)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("talk", "-r", "7"), 3, "has no rank 7"),
        (("talk", "-r", "x"), 2, "rank must be a number from 0 on, all, or a list like 0,3-5; not 'x'"),
        (("talk", "-r", ""), 2, "not ''"),
        (("talk", "-r", "-1"), 2, "not '-1'"),
        (("nobody",), 3, "no task nobody"),
        (("99",), 3, "no task 99"),
        (("talk", "-t", "id"), 2, "an id is a number"),
        (("talk", "--grep", "("), 2, "no regular expression"),
        (("talk", "--raw", "-r", "all"), 2, "--raw shows one rank"),
    ],
)
def test_what_cannot_be_had(hai: Cli, words: tuple[str, ...], status: int, said: str) -> None:
    done = hai("logs", *words)
    assert done.status == status and said in done.err and done.err.startswith("hai-cli: ")


def test_on_a_terminal_progress_bars_move(hai: Cli) -> None:
    """Each state goes back to the beginning of its line and shows the stamp again."""
    ours, theirs = pty.openpty()
    env = {**hai.env, "TERM": "xterm"}
    process = subprocess.Popen([HAI_CLI, "logs", "talk"], env=env, stdout=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 65536):
            seen += block
    except OSError:
        pass  # Linux says EIO when the other side is closed
    finally:
        os.close(ours)
    assert process.wait(DEADLINE_S) == 0
    bar = next(line for line in seen.split(b"\n") if b"50%" in line)
    states = [state for state in bar.rstrip(b"\r").split(b"\r") if state]
    assert [state[29:].removesuffix(b"\x1b[K") for state in states][-3:] == [b"10%", b"50%", b"100%"]
