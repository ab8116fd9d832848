"""The disks, and what of the engine's is on them."""

from __future__ import annotations

import os
from pathlib import Path

from hfai.engine.disks import _unescaped, disks_of, state_use


def test_each_file_system_once(tmp_path: Path) -> None:
    """With everything of ours on it; what is gone is on none."""
    (tmp_path / "logs").mkdir()
    disks = disks_of([("state", tmp_path), ("logs", tmp_path / "logs"), ("workspace", tmp_path / "gone"), ("x", Path("/proc"))])
    first, second = disks
    assert first.holds == (("state", str(tmp_path)), ("logs", str(tmp_path / "logs")))
    assert (second.mount, second.kind) == ("/proc", "proc")
    found = os.statvfs(tmp_path)
    assert first.size_bytes == found.f_blocks * found.f_frsize
    assert 0 <= first.free_bytes <= first.size_bytes and first.used_bytes <= first.size_bytes
    assert os.path.ismount(first.mount) and str(tmp_path).startswith(first.mount)
    assert second.files is None and second.files_used is None


def test_what_is_ours(tmp_path: Path) -> None:
    """Logs, database and the rest apart, in what they take on the disk."""
    rank = tmp_path / "runs" / "0" / "7" / "0"
    rank.mkdir(parents=True)
    sizes = {rank / "log.0": 100_000, rank / "end.json": 10, tmp_path / "engine.db-wal": 50_000, tmp_path / "engine.log": 20_000}
    for path, size in sizes.items():
        with path.open("wb") as file:
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
    use = state_use(tmp_path, most_s=10)
    assert use.is_whole and use.files == 4 + 4
    assert 100_000 <= use.logs_bytes < 200_000 and 50_000 <= use.database_bytes < 100_000 and 20_000 <= use.other_bytes < 100_000


def test_a_history_that_takes_too_long(tmp_path: Path) -> None:
    """Is told as far as it was counted."""
    assert not state_use(tmp_path, most_s=-1).is_whole


def test_names_that_the_kernel_escapes() -> None:
    assert _unescaped(rb"/mnt/a\040b\134c") == "/mnt/a b\\c"
