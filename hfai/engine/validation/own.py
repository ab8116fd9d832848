"""The user's own check: a script, as a task would run it; exit code 0 is good."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hfai.engine.validation.options import VARIABLE, OwnCheck
from hfai.model.phrase import Phrase
from hfai.node.check import FAILED, PASSED, Check

# Of what it prints the end is kept.
MOST_BYTES = 16 << 10
# What says where it runs, also in an environment that it brings along.
_OF_NODE = ("NODE_NAME", "MARSV2_NODE_NAME", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


def own(check: OwnCheck, workspace: str, timeout_s: float) -> Check:
    """Run it in the workspace.

    Args:
        check: the script.
        workspace: where it begins.
        timeout_s: after so long it is killed, with all that it has started, and has failed.
    """
    with tempfile.TemporaryDirectory(prefix="hfai-validate-") as directory, tempfile.TemporaryFile() as output:
        path = Path(directory, Path(check.name).name or "check")
        path.write_bytes(check.text.encode())
        path.chmod(0o700)
        account: dict[str, Any] = {}
        if check.account is not None:
            uid, gid = int(check.account["uid"]), int(check.account["gid"])
            account = {"user": uid, "group": gid, "extra_groups": list(check.account["groups"])}
            # The directory last: once it is the user's, they could put a link in the script's place.
            for place in (path, directory):
                os.chown(place, uid, gid, follow_symlinks=False)
        try:
            process = subprocess.Popen(
                [*check.interpreter, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=workspace,
                env=_environ(check),
                start_new_session=True,
                **account,
            )
        except (OSError, subprocess.SubprocessError) as error:
            text = Phrase("{name} cannot be run: {reason}", name=check.name, reason=str(error))
            return Check("own", status=FAILED, text=text)
        try:
            text = verdict(check.name, process.wait(timeout_s))
            has_passed = process.returncode == 0
        except subprocess.TimeoutExpired:
            has_passed, text = False, too_slow(check.name, timeout_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(max(0, output.seek(0, os.SEEK_END) - MOST_BYTES))
        said = output.read().decode("utf-8", "replace")
    return Check("own", status=PASSED if has_passed else FAILED, text=text, output=said)


def _environ(check: OwnCheck) -> dict[str, str]:
    environ = dict(os.environ)
    if check.environ is not None:
        environ = {**check.environ, **{name: environ[name] for name in _OF_NODE if name in environ}}
    environ.pop(VARIABLE, None)
    return environ


def verdict(name: str, code: int) -> Phrase:
    """How it ended: its exit code, or -N for signal N."""
    if code < 0:
        return Phrase("{name} was killed by signal {signal}", name=name, signal=-code)
    return Phrase("{name} exited with code {code}", name=name, code=code)


def too_slow(name: str, seconds: float) -> Phrase:
    """It was killed, because it took so long."""
    return Phrase("{name} was not done after {seconds:g} s", name=name, seconds=seconds)
