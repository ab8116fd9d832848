"""The quick looks at the node before a command starts, and the line about them at the head of the log.

In the two languages themselves, not through the catalogue: a log is written once, in the language of who submitted.
"""

from __future__ import annotations

from hfai.node import quick
from hfai.node.check import FAILED, SKIPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from hfai.model.phrase import Phrase
    from hfai.node.check import Check

# The form of the tutorial's last example.
_FRAMES = {
    "en": ("[pre-check] check[MARSV2] {found} passed", "[pre-check] check[MARSV2] {found} failed: {why}"),
    "zh": ("[训练前检查] 检查[MARSV2] {found} 通过", "[训练前检查] 检查[MARSV2] {found} 未通过: {why}"),
}
# Limits below this are told in M.
_SMALL = 10 << 20
_WHAT = {"memory": "free cpu memory", "log_space": "free log disk", "gpu_memory": "gpu memory in use"}


def look(wanted: dict[str, Any], log_dir: str) -> list[Check]:
    """Look at the node.

    Args:
        wanted: ``memory_bytes``, ``log_disk_bytes``, ``gpu_memory_used_bytes``, each None for the default; ``gpus`` by their numbers.
        log_dir: where the log is.

    Blocks: not at all without GPUs, or for as long as their driver takes.
    """
    checks = [quick.memory(wanted.get("memory_bytes")), quick.log_space(log_dir, wanted.get("log_disk_bytes"))]
    gpus = wanted.get("gpus")
    return checks + quick.gpus(gpus, wanted.get("gpu_memory_used_bytes")) if gpus else checks


def failure(checks: list[Check]) -> Optional[Phrase]:
    """What is wrong with the node, a phrase; None if nothing is."""
    return next((check.text for check in checks if check.has_failed), None)


def line(checks: list[Check], language: str) -> bytes:
    """The line about them for the log."""
    why = failure(checks)
    passed, failed = _FRAMES.get(language, _FRAMES["en"])
    found = " and ".join(part for part in map(_found, checks) if part)
    return f"{(passed if why is None else failed).format(found=found, why=why)}\n".encode()


def _found(check: Check) -> str:
    if check.name == "gpu_errors":
        return "" if check.value is None else f"gpu memory errors {check.value:g}"
    what = _WHAT[check.name]
    if check.value is None:
        return f"{what} {check.text}" if check.status == SKIPPED else ""
    is_small = check.name == "gpu_memory" or (check.limit is not None and check.limit < _SMALL)
    unit, size = ("M", 1 << 20) if is_small else ("G", 1 << 30)
    said = f"{what} {_short(check.value / size, 4)}{unit}"
    if check.limit is None:
        return said
    return f"{said} {'<' if check.is_most != (check.status == FAILED) else '>'} {_short(check.limit / size, 3)}{unit}"


def _short(value: float, digits: int) -> str:
    """So many digits, more only in front of the point."""
    return f"{value:.0f}" if value >= 10**digits else f"{value:.{digits}g}"
