"""The daemon's own log: limited in size, and no token in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hfai.engine.daemon_log import without_tokens
from hfai.testing import EngineSandbox


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("POST /query/task?token=abc&id=1", "POST /query/task?token=***&id=1"),
        ("Authorization: Bearer abc-DEF_1", "Authorization: Bearer ***"),
        ("""{"token": "abc", "id": 1}""", """{"token": "***", "id": 1}"""),
        ("MARSV2_USER_TOKEN=abc rest", "MARSV2_USER_TOKEN=*** rest"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_tokens_are_starred_out(text: str, shown: str) -> None:
    assert without_tokens(text) == shown


def test_what_is_printed_goes_from_file_to_file(tmp_path: Path) -> None:
    """Standard output and error follow the log when a new file is begun; two old ones are kept."""
    script = (
        "import logging, pathlib, sys\n"
        "from hfai.engine import daemon_log\n"
        "daemon_log.LOG_BYTES = 2000\n"
        "daemon_log.start_logging(pathlib.Path(sys.argv[1]), takes_over=True)\n"
        "for number in range(200): logging.getLogger('x').info('record %d', number)\n"
        "print('printed', flush=True)\n"
        "import warnings; warnings.warn('warned')\n"
    )
    path = tmp_path / "engine.log"
    ended = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["engine.log", "engine.log.1", "engine.log.2"]
    assert all(file.stat().st_size < 4000 and file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
    newest = path.read_text()
    assert "record 199" in newest
    assert "printed" in newest
    assert "warned" in newest


def test_a_quiet_engine_writes_next_to_nothing() -> None:
    with EngineSandbox({"nodes": 1}) as sandbox:
        for _ in range(50):
            sandbox.post("query/user/info")
        assert len(sandbox.log.splitlines()) <= 2
