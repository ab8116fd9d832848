"""The Chinese catalogue is whole: nothing missing, nothing unused, compiled from what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "messages"


def test_the_catalogue_is_up_to_date() -> None:
    """Every message of the source has its Chinese text with the same fields, and the .mo is that of the .po."""
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\nrun `scripts/messages`, then translate in its .po, then run it again"
