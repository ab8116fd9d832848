"""A simulated suspend: a real supervisor, a real control page, a task that asks ``receive_suspend_command``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Optional

from hfai.engine.supervise import ask
from hfai.model import control
from hfai.model.phrase import Phrase
from hfai.node.check import Check, failed

_LIBRARY = str(Path(__file__).resolve().parents[3])
_PATH = f"import sys; sys.path.append({_LIBRARY!r}); "
_SUPERVISOR = _PATH + "from hfai.engine.supervise.__main__ import main; sys.exit(main(sys.argv[1:]))"
_TASK = _PATH + (
    "import time; from hfai.client import go_suspend, receive_suspend_command\n"
    "receive_suspend_command(); print('ready', flush=True)\n"
    "while not receive_suspend_command(): time.sleep(0.002)\n"
    "go_suspend()"
)
_START_S, _GLANCE_S, _GRACE_S = 20.0, 0.002, 2.0


def suspend(most_s: float) -> Check:
    """Start a task of its own, tell it to suspend, and measure until it has acknowledged.

    Args:
        most_s: the most that may take.
    """
    with tempfile.TemporaryDirectory(prefix="hfai-validate-") as directory:
        run_dir = Path(directory, "1")
        run_dir.mkdir()
        (run_dir / "spec.json").write_text(json.dumps(_spec(run_dir)))
        command = [sys.executable, "-I", "-c", _SUPERVISOR, str(run_dir), "0"]
        supervisor = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            return _told(run_dir / "0", most_s)
        except OSError as error:
            return failed("suspend", Phrase("the supervisor does not answer: {reason}", reason=str(error)))
        finally:
            # SIGTERM to a supervisor is a stop of what it supervises.
            supervisor.terminate()
            supervisor.wait()


def _told(rank_dir: Path, most_s: float) -> Check:
    if not _until(lambda: _log(rank_dir).endswith(b"ready\n"), _START_S):
        return failed(
            "suspend", Phrase("the task that is to suspend did not start: {log}", log=_log(rank_dir).decode()[-500:])
        )
    began = time.monotonic()
    ask.ask(str(rank_dir), {"action": "suspend"})
    page = rank_dir / "control"
    if not _until(lambda: page.read_bytes()[control.ACKNOWLEDGED] == 1, most_s):
        return failed("suspend", Phrase("told to suspend, a task did not answer within {seconds:g} s", seconds=most_s))
    took_s = time.monotonic() - began
    if not _until(lambda: page.read_bytes()[control.CAN_SUSPEND] == 1, most_s):
        return failed("suspend", Phrase("a task that suspends could not say that it has saved"))
    ask.ask(str(rank_dir), {"action": "stop", "word": "suspend", "grace_s": _GRACE_S})
    if not _until(lambda: ask.read_end(str(rank_dir)) is not None, _START_S):
        return failed("suspend", Phrase("a task that has suspended did not end"))
    return Check("suspend", took_s, most_s, "s", is_most=True, text=Phrase("told to acknowledged"))


def _until(is_so: object, deadline_s: float) -> bool:
    assert callable(is_so)
    deadline = time.monotonic() + deadline_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_GLANCE_S)
    return True


def _log(rank_dir: Path) -> bytes:
    try:
        return (rank_dir / "log.0").read_bytes()
    except OSError:
        return b""


def _spec(run_dir: Path) -> dict[str, object]:
    nothing: Optional[str] = None
    rank_dir = run_dir / "0"
    return {
        "format": 1,
        "engine_id": "validate",
        "run_id": 1,
        "argv": [sys.executable, "-I", "-c", _TASK],
        "workspace": str(run_dir),
        "environ": {
            "PATH": os.environ.get("PATH", os.defpath),
            "RANK": "0",
            "WORLD_SIZE": "1",
            "HFAI_CONTROL": str(rank_dir / "control"),
            "HFAI_TASK_SOCKET_DIR": str(rank_dir),
        },
        "watchdog_s": 0,
        "timeout_at": nothing,
        "stop_grace_s": _GRACE_S,
        "whole_life_state": 0,
        "log_segment_bytes": 1 << 20,
        "events_socket": nothing,
        "ranks": [{"node": "", "environ": {}}],
    }
