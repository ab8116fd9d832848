"""``hai-cli monitor storage-overview``: the disks of state, logs and workspaces, and what of it is the engine's."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.bars import Signs, add_ascii, bar, bar_signs
from hfai.cli.language import mark, tr
from hfai.cli.output import Column, add_output, show_text, table_of
from hfai.cli.sizes import size_text

if TYPE_CHECKING:
    from hfai.client import DiskUse, StorageOverview

EXAMPLES = (
    ("hai-cli monitor storage-overview", mark("what is free on the disks, and what logs and database take")),
    ("hai-cli monitor storage-overview --json", mark("the same for programs")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ascii(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import storage_overview

    storage = storage_overview()
    return show_text(arguments, lambda: _text(storage, bar_signs(is_ascii=arguments.ascii)), lambda: _json(storage))


def _text(storage: StorageOverview, signs: Signs) -> str:
    columns = (
        Column("mount"),
        Column("size", lambda disk: _size(disk.size_bytes)),
        Column("used", lambda disk: _size(disk.used_bytes)),
        Column("free", lambda disk: _size(disk.free_bytes)),
        Column("use", lambda disk: _share(disk, signs)),
        Column("inodes", _inodes),
        Column("holds", _holds),
    )
    lines = [table_of(columns, storage.disks)]
    if storage.state_dir is not None:
        lines += [f"{line}\n" for line in _own_lines(storage)]
    return "".join(lines)


def _own_lines(storage: StorageOverview) -> list[str]:
    from hfai.cli.engine_notes import home_path

    sizes = {name: _size(getattr(storage, name)) for name in ("logs_bytes", "database_bytes", "other_bytes")}
    lines = [
        tr("state folder: {path}", path=home_path(storage.state_dir or "")),
        tr(
            "of it: logs {logs}, database {database}, the rest {other}; {files} files",
            logs=sizes["logs_bytes"],
            database=sizes["database_bytes"],
            other=sizes["other_bytes"],
            files=storage.files_of_ours,
        ),
    ]
    return lines if storage.is_whole else [*lines, tr("at least: there was no time to count all of it")]


def _size(size_bytes: Optional[int]) -> str:
    return "" if size_bytes is None else size_text(size_bytes)


def _share(disk: DiskUse, signs: Signs) -> str:
    """As ``df`` counts: of what users other than root may fill."""
    if disk.used_bytes is None or disk.free_bytes is None:
        return ""
    most = disk.used_bytes + disk.free_bytes
    return f"{bar(disk.used_bytes, most, signs)} {disk.used_bytes / most if most else 1.0:.0%}"


def _inodes(disk: DiskUse) -> str:
    return "" if disk.files is None or disk.files_used is None else f"{disk.files_used / disk.files:.0%}"


def _holds(disk: DiskUse) -> str:
    words = {"state": tr("engine state"), "database": tr("database"), "logs": tr("logs"), "workspace": tr("workspaces")}
    names = list(dict.fromkeys(words.get(what, what) for what, _ in disk.holds))
    return ", ".join([*names, tr("read-only")] if disk.is_read_only else names)


def _json(storage: StorageOverview) -> dict[str, Any]:
    disks = [
        {**disk._asdict(), "holds": [{"what": what, "path": path} for what, path in disk.holds]} for disk in storage.disks
    ]
    return {**storage._asdict(), "disks": disks}
