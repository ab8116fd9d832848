"""Every command with its streams closed, broken or of another kind: nothing odd, the same exit status."""

from __future__ import annotations

import subprocess

import pytest

from hfai.cli.commands import every_command
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.reading import READS, STATUSES, prepared

# One shell for all of a command's runs. Each line: how the streams and the environment are, and what is looked at.
SCRIPT = r"""
hai() { "$HAI" "$@"; }
NO_COLOR=1 LC_ALL=zh_CN.UTF-8 hai "$@" >&-; echo "out-closed $?" >&2
TERM=dumb LANG=C LC_ALL=C PYTHONUTF8=0 hai "$@" 2>&-; echo "err-closed $?"
hai "$@" <&- | head -c 1 >/dev/null; echo "broken-pipe ${PIPESTATUS[0]}"
"""
PATHS = [path for path, _ in every_command()]


@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_streams(hai: Cli, path: tuple[str, ...]) -> None:
    """A command that only reads is run; of one that acts, its help is shown."""
    words = [*path, *READS[path]] if path in READS else [*path, "--help"]
    env = {name: value for name, value in prepared(hai).env.items() if name not in ("HAI_LANG", "TERM")}
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", *words],
        env={**env, "HAI": str(HAI_CLI)},
        cwd=hai.cwd,
        capture_output=True,
        timeout=60,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    status = STATUSES.get(path, 0)
    assert f"out-closed {status}\n" in err and f"err-closed {status}\n" in out
    assert any(f"broken-pipe {one}\n" in out for one in (status, 141))
    for odd in ("Traceback", "Exception ignored", "\x1b", "BrokenPipe", "UnicodeEncodeError", "Bad file descriptor"):
        assert odd not in out + err, f"{odd}:\n{out}{err}"
    assert out.count("\n") > 2, "with stderr closed stdout still has it all"
