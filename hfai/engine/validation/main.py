"""The program that checks a node, as a task pinned to it or beside the task that runs there.

What it finds goes, as JSON, into ``checks.json`` beside its log, which is for people; a guest writes the JSON to its output.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Callable, Iterator, Optional

from hfai.engine.supervise.rank_dir import RankDir
from hfai.engine.validation.bandwidth import bandwidth
from hfai.engine.validation.clock import clock
from hfai.engine.validation.compute import compute
from hfai.engine.validation.disk_speed import write_speed
from hfai.engine.validation.options import VARIABLE, Options
from hfai.engine.validation.own import own
from hfai.engine.validation.suspend import suspend
from hfai.model.phrase import Phrase
from hfai.node import quick
from hfai.node.check import Check, amount, skipped

FILE_NAME = "checks.json"


def main(argument: Optional[str] = None) -> int:
    """Check this node.

    Args:
        argument: the options, for a guest; left out, they are in the environment and this is a task.

    Returns:
        0 where everything is good, 1 where something is not.
    """
    options = Options.from_text(os.environ[VARIABLE] if argument is None else argument)
    checks = []
    for check in every_check(options):
        checks.append(check)
        if argument is None:
            print(_line(check), flush=True)
    report = {"format": 1, "node": options.node, "checks": [check.to_wire() for check in checks]}
    if argument is None:
        path = Path(os.environ["MARSV2_LOG_FILE_PATH"]).parent
        RankDir(str(path.parent), int(path.name)).write(FILE_NAME, report)
    else:
        print(json.dumps(report), flush=True)
    return int(any(check.has_failed for check in checks))


def every_check(options: Options) -> Iterator[Check]:
    """One after the other; what loads the node is left out beside a task."""
    limits, precheck = options.limits, options.precheck
    yield quick.memory(precheck.get("memory_bytes"))
    gpus = [int(word) for word in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.isdecimal()]
    used = None if options.is_beside else precheck.get("gpu_memory_used_bytes")
    yield from quick.gpus(gpus, used)
    yield quick.workspace_space(options.workspace, precheck.get("log_disk_bytes"))
    yield quick.log_space(options.log_dir, precheck.get("log_disk_bytes"))
    yield clock(options.server, limits.clock_s)
    loading: dict[str, Callable[[], Check]] = {
        "workspace_write": lambda: write_speed("workspace_write", options.workspace, limits.write_bytes_per_s),
        "log_write": lambda: write_speed("log_write", options.log_dir, limits.write_bytes_per_s),
        "bandwidth": lambda: bandwidth(limits.bandwidth_bytes_per_s),
        "compute": lambda: compute(options.baseline, limits.compute_share),
        "suspend": lambda: suspend(limits.suspend_s),
    }
    if options.is_beside:
        for name in loading:
            yield skipped(name, Phrase("a task runs here, which it would disturb"))
    else:
        with Path(options.lock).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for measure in loading.values():
                yield measure()
    if options.own is not None:
        yield own(options.own, options.workspace, limits.own_timeout_s)


def _line(check: Check) -> str:
    words = [f"{check.name:<16}{check.status:<8}"]
    if check.value is not None:
        words.append(amount(check.value, check.unit))
    if check.limit is not None:
        words.append(f"({'at most' if check.is_most else 'at least'} {amount(check.limit, check.unit)})")
    if check.text:
        words.append(check.text)
    line = " ".join(words)
    return f"{line}\n{check.output}".rstrip() if check.name == "own" and check.output else line


if __name__ == "__main__":
    sys.exit(main())
