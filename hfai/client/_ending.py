"""With which status a task has ended, also where the server has no word for it."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from hfai.model.codes import StopCode

_FAILED = StopCode.FAILED | StopCode.INIT_FAILED | StopCode.TIMEOUT | StopCode.MANUAL_FAILED
# As of a process that was ended by SIGTERM: it did not fail, and it did not get to its end either.
_STOPPED_STATUS = 143


def exit_status_of(task: Mapping[str, Any]) -> Optional[int]:
    """What ``hai-cli wait`` exits with: 0 on success, the code of the rank that failed first; None before the end.

    Our engine says it. For a HAI Platform it follows from stop code, worker status and the pods' exit codes, since its
    stop code alone says 1 for some failures (wire document, section 4).
    """
    if task.get("chain_status") != "finished":
        return None
    end = task.get("end")
    if end:
        return int(end["exit_status"])
    stop_code = StopCode(int(task.get("stop_code") or 0))
    if stop_code & StopCode.MANUAL_SUCCEEDED or (task.get("worker_status") == "succeeded" and not stop_code & _FAILED):
        return 0
    if stop_code & _FAILED or task.get("worker_status") == "failed":
        failed = [str(pod.get("exit_code")) for pod in task.get("_pods_") or () if pod.get("status") == "failed"]
        codes = [int(code) for code in failed if code.isdecimal()]
        return next((code for code in codes if code), 1)
    return _STOPPED_STATUS
