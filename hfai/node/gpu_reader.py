"""``python -m hfai.node.gpu_reader``: for each line that it reads, one line of JSON with the state of GPUs.

A process of its own: a broken driver may keep whoever asks it for ever, and then this one can be given up.

The line that it reads is empty, or JSON with ``numbers``, the GPUs that are asked about (left out: all), and ``with_processes``, whether
also who uses their memory. The answer has ``gpus``; ``lost``, for each that does not answer the reason, by its number; ``reason``, why
none can be asked, or null; ``is_broken`` of :class:`hfai.node.gpus.GpusUnreadable`; and ``unreadable``, both reasons in English.
"""

from __future__ import annotations

import json
import sys

from hfai.model.phrase import packed
from hfai.node.gpus import Gpus, GpusUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Sequence


def answer(gpus: Gpus, numbers: Optional[Sequence[int]] = None, *, with_processes: bool = False) -> dict[str, Any]:
    """What one line says; a GPU that is lost does not keep the others."""
    try:
        asked = range(gpus.count) if numbers is None else numbers
    except GpusUnreadable as error:
        return _nothing(error)
    rows, lost = [], {}
    for number in asked:
        try:
            rows.append(gpus.state(number, with_processes=with_processes).to_wire())
        except GpusUnreadable as error:
            lost[number] = error.reason
    told = ", ".join(f"GPU {number}: {reason}" for number, reason in lost.items())
    return {"gpus": rows, "lost": packed(lost), "reason": None, "is_broken": bool(lost), "unreadable": told or None}


def _nothing(error: GpusUnreadable) -> dict[str, Any]:
    reason, is_broken = error.reason, error.is_broken
    return {"gpus": [], "lost": {}, "reason": packed(reason), "is_broken": is_broken, "unreadable": str(reason)}


def main() -> int:
    try:
        gpus = Gpus()
    except GpusUnreadable as error:
        silent = _nothing(error)
        _answer_each(lambda **question: silent)
        return 0
    with gpus:
        _answer_each(lambda **question: answer(gpus, **question))
    return 0


def _answer_each(answer: Callable[..., dict[str, Any]]) -> None:
    for line in sys.stdin:
        question = json.loads(line) if line.strip() else {}
        sys.stdout.write(json.dumps(answer(**question)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
