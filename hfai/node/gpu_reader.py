"""``python -m hfai.node.gpu_reader``: for each line that it reads, one line of JSON with the state of every GPU.

A process of its own: a broken driver may keep whoever asks it for ever, and then this one can be given up.
"""

from __future__ import annotations

import json
import sys

from hfai.node.gpus import Gpus, GpuState, GpusUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

FIELDS = ("number", "name", "utilization_percent", "memory_total_bytes", "memory_used_bytes", "temperature_c", "power_w")


def answer(gpus: Gpus) -> dict[str, Any]:
    """What one line says: ``gpus``, or ``unreadable`` with the reason."""
    try:
        return {"gpus": [_row(gpus.state(number)) for number in range(gpus.count)]}
    except GpusUnreadable as error:
        return {"gpus": [], "unreadable": str(error)}


def _row(state: GpuState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in FIELDS}


def main() -> int:
    try:
        gpus = Gpus()
    except GpusUnreadable as error:
        silent = {"gpus": [], "unreadable": str(error)}
        _answer_each(lambda: silent)
        return 0
    with gpus:
        _answer_each(lambda: answer(gpus))
    return 0


def _answer_each(answer: Callable[[], dict[str, Any]]) -> None:
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(answer()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
