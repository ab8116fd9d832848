"""Stacks in the file format of speedscope (https://www.speedscope.app): one profile per thread."""

from __future__ import annotations

from typing import Any

from hfai.client._profile._stacks import Stacks, ThreadStacks

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(stacks: Stacks, name: str) -> dict[str, Any]:
    """The document; the busiest thread is shown first."""
    import hfai

    busiest = max(range(len(stacks.threads)), key=lambda at: stacks.threads[at].count, default=0)
    return {
        "$schema": _SCHEMA,
        "name": name,
        "exporter": f"hfai {hfai.__version__}",
        "activeProfileIndex": busiest,
        "shared": {"frames": [{"name": one.function, "file": one.file, "line": one.line} for one in stacks.frames]},
        "profiles": [_profile(thread, stacks.interval_s) for thread in stacks.threads],
    }


def _profile(thread: ThreadStacks, interval_s: float) -> dict[str, Any]:
    weights = [round(count * interval_s, 6) for _, count in thread.samples]
    return {
        "type": "sampled",
        "name": thread.title,
        "unit": "seconds",
        "startValue": 0,
        "endValue": round(sum(weights), 6),
        "samples": [list(stack) for stack, _ in thread.samples],
        "weights": weights,
    }
