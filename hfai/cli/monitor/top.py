"""``hai-cli monitor top``: nodes, GPUs, memory, tasks and the queue on one screen that follows what happens."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.bars import Signs, add_ascii, bar_signs
from hfai.cli.failing import INTERRUPTED
from hfai.cli.language import mark, tr
from hfai.cli.output import is_coloured, print_json, room
from hfai.model.errors import UsageError

if TYPE_CHECKING:
    from hfai.cli.monitor.top_view import Snapshot, View

EXAMPLES = (
    ("hai-cli monitor top", mark("the live screen; q leaves it")),
    ("hai-cli monitor top --interval 10 --count 6 > minute.txt", mark("six snapshots, ten seconds apart, as text")),
    ("hai-cli monitor top --json --count 0", mark("an object a line for programs, until it is interrupted")),
)

SHORTEST_S, LONGEST_S = 0.2, 3600.0
_DEFAULT_S = 2.0
_LISTED = 200
_STEPS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interval", type=float, default=_DEFAULT_S, metavar="S", help=tr("seconds between two looks, 0.2 to 3600; default: 2")
    )
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help=tr("print N snapshots one after the other instead of the live screen, 0: without end; default where stdout is no terminal: 1"),
    )
    add_ascii(parser)
    parser.add_argument("-j", "--json", action="store_true", help=tr("snapshots as JSON; several: an object a line"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.monitor.screen import has_screen

    if not SHORTEST_S <= arguments.interval <= LONGEST_S:
        raise UsageError("--interval {interval}: it must be from 0.2 to 3600 seconds", interval=f"{arguments.interval:g}")
    if arguments.count is not None and arguments.count < 0:
        raise UsageError("--count {count}: it must be 0 or more", count=arguments.count)
    signs = bar_signs(is_ascii=arguments.ascii)
    first = _look(start_engine=True)
    if arguments.json or arguments.count is not None or not has_screen():
        return _print(arguments, first, signs)
    return _show(first, arguments.interval, signs)


def _look(*, start_engine: bool) -> Snapshot:
    from hfai.cli.monitor.top_view import Snapshot
    from hfai.client import cluster_overview, task_overview
    from hfai.client.platform import configured

    cluster = cluster_overview(start_engine)
    tasks = task_overview(_LISTED, start_engine)
    return Snapshot(datetime.now(), configured().url, cluster, tasks)


# Snapshots


def _print(arguments: argparse.Namespace, snapshot: Snapshot, signs: Signs) -> int:
    from hfai.cli.monitor.top_view import View, page

    count = 1 if arguments.count is None else arguments.count
    is_coloured_now, number = is_coloured(sys.stdout), 0
    while True:
        number += 1
        if arguments.json:
            _print_json(snapshot, is_only=count == 1)
        else:
            lines = page(snapshot, View(signs, interval_s=arguments.interval), room() or 1 << 16)
            blank = "" if number == 1 else "\n"
            sys.stdout.write(blank + "".join(f"{line.drawn(is_coloured=is_coloured_now).rstrip()}\n" for line in lines))
        sys.stdout.flush()
        if number == count:
            return 0
        time.sleep(arguments.interval)
        snapshot = _look(start_engine=False)


def _print_json(snapshot: Snapshot, *, is_only: bool) -> None:
    body = _json(snapshot)
    if is_only:
        print_json(body)
    else:
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")


def _json(snapshot: Snapshot) -> dict[str, Any]:
    from hfai.cli.monitor.cluster_tables import cluster_json
    from hfai.cli.queue_columns import queue_json

    at = snapshot.at.isoformat()
    return {"at": at, "server": snapshot.server, "cluster": cluster_json(snapshot.cluster), "queue": queue_json(snapshot.tasks)}


# The live screen


def _show(first: Snapshot, interval_s: float, signs: Signs) -> int:
    from hfai.cli.monitor.looking import Looking
    from hfai.cli.monitor.screen import GONE, Screen
    from hfai.cli.monitor.top_view import View, frame, most_offset
    from hfai.cli.wording import in_words
    from hfai.client.platform import on_engine_silent, on_engine_start, on_other_version

    # Notes on stderr would be written across the screen.
    on_engine_start(lambda state_dir: None)
    on_engine_silent(lambda pid: None)
    on_other_version(lambda engine, client: None)
    screen = Screen(is_coloured=is_coloured(sys.stdout))
    looking: Looking[Snapshot] = Looking(lambda: _look(start_engine=False), first, interval_s, screen.wake)
    view = View(signs, interval_s=interval_s)
    try:
        screen.open()
        looking.start()
        while True:
            problem = f"{in_words(looking.problem)} - {tr('trying again')}" if looking.problem else ""
            view = view._replace(problem=problem, offset=min(view.offset, most_offset(looking.latest, view.section)))
            screen.show(frame(looking.latest, view, *screen.size))
            for key in screen.wait(None):
                if key in ("q", "Q", GONE):
                    return 0
                changed = _after(key, view, page_rows=max(1, screen.size[0] - 8))
                if key == "r" or changed.interval_s != view.interval_s or changed.is_paused != view.is_paused:
                    looking.interval_s, looking.is_paused = changed.interval_s, changed.is_paused
                    looking.now()
                view = changed
    except KeyboardInterrupt:
        return INTERRUPTED  # as good a way to leave as any: nothing to say
    finally:
        screen.close()
        looking.close()


def _after(key: str, view: View, *, page_rows: int) -> View:
    """The view after a key."""
    from hfai.cli.monitor.top_view import SECTIONS

    if key in ("tab", "back_tab"):
        step = 1 if key == "tab" else -1
        return view._replace(section=SECTIONS[(SECTIONS.index(view.section) + step) % len(SECTIONS)], offset=0)
    if key in ("p", "space"):
        return view._replace(is_paused=not view.is_paused)
    if key in ("+", "=", "-"):
        return view._replace(interval_s=_step(view.interval_s, up=key != "-"))
    if key == "escape":
        return view._replace(section="all", offset=0)
    moves = {"up": -1, "k": -1, "down": 1, "j": 1, "page_up": -page_rows, "page_down": page_rows, "home": -(1 << 30), "end": 1 << 30}
    return view._replace(offset=max(0, view.offset + moves.get(key, 0)))


def _step(interval_s: float, *, up: bool) -> float:
    """The next longer or shorter interval."""
    found: Optional[float]
    if up:
        found = next((step for step in _STEPS_S if step > interval_s), None)
    else:
        found = next((step for step in reversed(_STEPS_S) if step < interval_s), None)
    return interval_s if found is None else found
