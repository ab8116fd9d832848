"""A push as people see it: a bar while it runs, then what was pushed, what was left out, and what was large."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Mapping, Union

from hfai.cli.language import mark, tr
from hfai.cli.output import note
from hfai.cli.workspace.untouched import untouched_line

if TYPE_CHECKING:
    from hfai.client import PullResult, PushResult
    from hfai.client._workspace.still import Seen

# A push of this much is worth a look at what makes it large.
_LARGE_BYTES = 100 << 20
_MOST_SHOWN = 5
_WHY = {
    "link": mark("leads out of the workspace"),
    "kind": mark("neither file nor directory nor link"),
    "changing": mark("is written to all the time"),
    "unreadable": mark("cannot be read"),
    "name": mark("its name cannot travel"),
    "edited": mark("was changed here meanwhile"),
    "not_empty": mark("something of yours is in it"),
}


def push_with_bar(directory: Any = None, **options: Any) -> PushResult:
    """Push, with a progress bar where somebody looks."""
    from hfai.cli.progress_bar import ByteBar
    from hfai.client import push_workspace

    with ByteBar(tr("pushing")) as bar:
        return push_workspace(directory, progress=bar.show_bytes, **options)


def run_seen(seen: Seen) -> int:
    """A push without options, where somebody has looked already what was touched; its exit status."""
    from hfai.model.workspace.collecting import uncollected

    with uncollected():
        from hfai.cli.engine_notes import announce
        from hfai.cli.progress_bar import ByteBar
        from hfai.client._workspace.push import push_seen

        announce()
        with ByteBar(tr("pushing")) as bar:
            pushed = push_seen(seen, progress=bar.show_bytes)
        sys.stdout.write(f"{push_line(pushed)}\n")
        note_skipped(pushed.skipped)
        note_largest(pushed)
        return 0


def push_line(pushed: PushResult) -> str:
    """What was pushed, in a line."""
    if not pushed.changed and not pushed.removed:
        return untouched_line(pushed.name, pushed.total_files)
    return tr(
        "pushed workspace {name}: {changed} changed, {removed} removed, {size} sent",
        name=pushed.name,
        changed=len(pushed.changed),
        removed=len(pushed.removed),
        size=_size(pushed.sent_bytes),
    )


def note_skipped(skipped: Mapping[str, str]) -> None:
    """Name what could not travel, and why."""
    paths = sorted(skipped)
    for path in paths[:_MOST_SHOWN]:
        note(tr("  left out: {path} ({why})", path=shown_path(path), why=tr(_WHY.get(skipped[path], skipped[path]))))
    if len(paths) > _MOST_SHOWN:
        note(tr("  left out: {count} more", count=len(paths) - _MOST_SHOWN))


def note_largest(pushed: PushResult) -> None:
    """Name the largest contents of a large push: often something that .hfignore should name."""
    if pushed.sent_bytes < _LARGE_BYTES:
        return
    for path, size in pushed.largest:
        if size * _MOST_SHOWN * 4 < pushed.sent_bytes:
            break
        note(tr("  large: {size}  {path}", size=_size(size), path=shown_path(path)))
    note(tr("  name in .hfignore what need not travel"))


def pull_line(pulled: PullResult) -> str:
    """What was pulled, in a line."""
    if not pulled.changed and not pulled.removed:
        return tr("workspace {name}: nothing to pull", name=pulled.name)
    return tr(
        "pulled workspace {name}: {changed} changed, {removed} removed, {size} received",
        name=pulled.name,
        changed=len(pulled.changed),
        removed=len(pulled.removed),
        size=_size(pulled.received_bytes),
    )


def paths_text(changed: tuple[str, ...], removed: tuple[str, ...]) -> str:
    """What would travel, a path a line: ``+`` is new or different, ``-`` is gone."""
    return "".join([f"+ {shown_path(path)}\n" for path in changed] + [f"- {shown_path(path)}\n" for path in removed])


def document_of(done: Union[PushResult, PullResult], *, is_dry: bool) -> dict[str, Any]:
    """What ``--json`` prints of a push or a pull."""
    return {
        **done._asdict(),
        "dry_run": is_dry,
        "changed": [json_path(path) for path in done.changed],
        "removed": [json_path(path) for path in done.removed],
        "skipped": {json_path(path): why for path, why in sorted(done.skipped.items())},
    }


def json_path(path: str) -> str:
    """A path as JSON can hold it: bytes that are not UTF-8 are written as ``\\xff``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown_path(path: str) -> str:
    """A path on one line, whatever is in it."""
    return path if path.isprintable() else ascii(path)


def _size(size_bytes: int) -> str:
    from hfai.cli.sizes import size_text

    return size_text(size_bytes)
