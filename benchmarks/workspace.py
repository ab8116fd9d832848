"""Pushing a workspace to an engine on the same disk, beside ``rsync -a``: many small files, one large one, and little that changed."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.measure import Row, ratio_row, script, spend
from hfai.testing import EngineSandbox

TITLE = "Workspaces"
FILES = 20_000
FILE_BYTES = 2_000
LARGE_BYTES = 2_000_000_000
RUNS = 3
FIRST, UNCHANGED = 2.0, 1.2


def measure() -> list[Row]:
    """Each figure is the median of a few runs, ours and rsync's in turn, each of them to a destination of its own."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:
        many, large = Path(place, "many"), Path(place, "large")
        _make_many(many)
        _make_large(large)
        rows = _rows(f"{FILES} files of {FILE_BYTES} bytes", many, Path(place), 10)
        return rows + _rows("one file of 2 GB", large, Path(place), 10)


def _make_many(root: Path) -> None:
    for number in range(FILES):
        path = root / f"d{number // 100}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(FILE_BYTES))


def _make_large(root: Path) -> None:
    root.mkdir()
    for number in range(20):
        (root / f"small{number}").write_text(str(number))
    with (root / "large").open("wb") as file:
        for _ in range(LARGE_BYTES // 10_000_000):
            file.write(os.urandom(10_000_000))


def _change(root: Path, count: int) -> None:
    """Write to so many of the small files, spread over the directories."""
    small = sorted(path for path in root.rglob("*[0-9]*") if path.is_file() and ".hfai" not in path.parts)
    for path in small[:: len(small) // count][:count]:
        path.write_bytes(os.urandom(100))


def _rows(what: str, root: Path, place: Path, changes: int) -> list[Row]:
    serial = itertools.count()
    ours: dict[str, list[float]] = {"first": [], "unchanged": [], "ten": []}
    theirs: dict[str, list[float]] = {"first": [], "unchanged": [], "ten": []}
    for _ in range(RUNS):
        number = next(serial)
        # Nothing is removed before the end: ext4 passes over inodes that were freed in the last minutes one by one, so that
        # whoever makes files first after 20,000 have been removed spends more on that than on the files.
        engine, copy = place / f"engine{number}-{root.name}", place / f"copy{number}-{root.name}"
        with EngineSandbox({"nodes": 1}, directory=engine) as sandbox:
            hai = script("hai-cli")
            spend([hai, "workspace", "init", f"w{number}", "-q"], sandbox.env, str(root))
            for name in ours:
                if name == "ten":
                    _change(root, changes)
                os.sync()  # what was written before must not be a part of what is measured
                ours[name].append(spend([hai, "workspace", "push"], sandbox.env, str(root)))
                os.sync()
                theirs[name].append(spend(["rsync", "-a", "--exclude=/.hfai", f"{root}/", str(copy)]))
        for one in (engine, copy):
            for large in one.rglob("large"):
                large.write_bytes(b"")
        shutil.rmtree(root / ".hfai")
    titles = {"first": "first push", "unchanged": "nothing changed", "ten": "ten files changed"}
    budgets = {"first": FIRST, "unchanged": UNCHANGED, "ten": FIRST}
    return [
        ratio_row(f"{what}: {titles[name]}", ours[name], "`rsync -a`", theirs[name], budgets[name]) for name in ours
    ]
