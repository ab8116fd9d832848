"""docs/cli.md and the man page are those of the commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "docs"


def test_the_pages_are_up_to_date() -> None:
    """Whatever the terminal and the locale are like: what a narrow Chinese one makes is what is kept."""
    env = {**os.environ, "COLUMNS": "30", "LC_ALL": "zh_CN.UTF-8", "HAI_LANG": "zh"}
    done = subprocess.run([sys.executable, SCRIPT, "--check"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
