"""stdout and stderr as the world has them: closed, full, a terminal of another encoding."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import HAI_CLI, Cli


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_terminal_that_knows_no_chinese(cli: Cli, env: dict[str, str]) -> None:
    """What it cannot show is escaped; nothing crashes."""
    done = cli("--help", lang="zh", env=env)
    assert done.status == 0 and done.out.startswith("Usage: ")
    assert cli("lsit", lang="zh", env=env).status == 2


def shell(cli: Cli, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line, "bash", str(HAI_CLI)], env=cli.env, cwd=cli.cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(cli: Cli, redirect: str) -> None:
    """No traceback, and the same exit status."""
    done = shell(cli, f'"$1" --help {redirect}')
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(cli, f'"$1" lsit {redirect}').returncode == 2


def test_a_pipe_that_is_closed(cli: Cli) -> None:
    done = shell(cli, '"$1" --help | true; exit ${PIPESTATUS[0]}')
    assert done.returncode in (0, 141) and done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk(cli: Cli) -> None:
    """One line that says so."""
    done = shell(cli, '"$1" --help > /dev/full')
    assert (done.returncode, done.stderr) == (1, "hai-cli: the output cannot be written: No space left on device\n")


def test_a_traceback_where_it_is_wanted(cli: Cli) -> None:
    done = cli("list", "--page", "0", env={"HFAI_TRACEBACK": "1"})
    assert "Traceback" in done.err and "UsageError" in done.err
