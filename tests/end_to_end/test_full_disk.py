"""A disk that is full under the state folder: one clear line, nothing changed, and all is well once there is room again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = r"""
set -u
mount -t tmpfs -o size=4m none "$HFAI_HOME"
say() { "$@"; echo "status $?"; }
say hai-cli bash ok.sh -- -n 1 --name before -f
dd if=/dev/zero of="$HFAI_HOME/filler" bs=4k 2>/dev/null
say hai-cli bash ok.sh -- -n 1 --name refused
rm "$HFAI_HOME/filler"
say hai-cli bash ok.sh -- -n 1 --name after -f
say hai-cli list
say hai-cli platform down --stop-tasks
"""


def test_a_full_disk_under_the_state_folder(tmp_path: Path, own_home: Path) -> None:
    """The submission is refused in words with exit code 6; what was there stays, what comes later runs."""
    (tmp_path / "ok.sh").write_text("echo fine\n")
    # A mount of the test's own, gone with its last process; a user who is not root gets one in a user namespace.
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run([*unshare, "bash", "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    out = done.stdout.splitlines()
    assert [line for line in out if line.startswith("status ")] == [f"status {code}" for code in (0, 6, 0, 0, 0)], done
    refusals = [line for line in done.stderr.splitlines() if "no space left" in line]
    assert len(refusals) == 1
    assert refusals[0].startswith("hai-cli: ")
    assert "Traceback" not in done.stderr
    listed = [line.split("|")[2].strip() for line in out if line.startswith("| ")]
    assert {"before", "after"} <= set(listed)
    assert "refused" not in listed
