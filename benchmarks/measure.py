"""How things are measured: alternating runs, medians, and the ratio to a floor or a peer of the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

Command = Sequence[str]


class Row(NamedTuple):
    """One line of the report: a figure, what it is compared with, and the budget it has to keep.

    ``ratio`` is figure / floor, or None where the budget is absolute; ``is_kept`` None marks a peer, which has no budget.
    """

    what: str
    figure: str
    compared_with: str
    budget: str
    is_kept: bool | None


def spend(command: Command, env: dict[str, str] | None = None, cwd: str | None = None) -> float:
    """Wall seconds of one run of a command; it must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        command, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    spent = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return spent


def alternate(runs: int, *measures: Callable[[], float], warm_up: int = 1) -> list[list[float]]:
    """Run each measure in turn, ``runs`` times over, so that a drift of the machine meets all of them.

    Every other time in reverse: what a measure leaves behind, pages to be written for one, meets its neighbours alike.
    """
    for measure in measures * warm_up:
        measure()
    figures: list[list[float]] = [[] for _ in measures]
    order = list(zip(figures, measures))
    for _ in range(runs):
        for kept, measure in order:
            kept.append(measure())
        order.reverse()
    return figures


def ratio_row(what: str, figures: Sequence[float], floor: str, floor_figures: Sequence[float], budget: float) -> Row:
    """A row for "at most ``budget`` times the floor of the same run"."""
    ours, theirs = statistics.median(figures), statistics.median(floor_figures)
    ratio = ours / theirs
    return Row(
        what, f"{ours * 1e3:.1f} ms", f"{ratio:.2f} x {floor} ({theirs * 1e3:.1f} ms)", f"{budget} x", ratio <= budget
    )


def most_row(what: str, figure: float, unit: str, budget: float, note: str = "") -> Row:
    """A row for "at most ``budget``"."""
    return Row(what, f"{figure:.3g} {unit}", note, f"{budget:g} {unit}", figure <= budget)


def least_row(what: str, figure: float, unit: str, budget: float, note: str = "") -> Row:
    """A row for "at least ``budget``"."""
    return Row(what, f"{figure:.3g} {unit}", note, f">= {budget:g} {unit}", figure >= budget)


def peer_row(what: str, figure: float, unit: str, note: str = "") -> Row:
    """A row for somebody else's figure, seen in the same run."""
    return Row(what, f"{figure:.3g} {unit}", note, "", None)


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """Print a Markdown table, as docs/performance.md holds it."""
    print(f"\n### {title}\n\n| what | measured | compared with | budget | kept |\n|---|---|---|---|---|")
    for row in rows:
        kept = {None: "", True: "yes", False: "**no**"}[row.is_kept]
        print(f"| {row.what} | {row.figure} | {row.compared_with} | {row.budget} | {kept} |")
    sys.stdout.flush()


def python() -> str:
    """The interpreter that runs the benchmark: hfai must be installed in it, not editable."""
    return sys.executable


def script(name: str) -> str:
    """A console command beside that interpreter."""
    return str(Path(sys.executable).parent / name)
