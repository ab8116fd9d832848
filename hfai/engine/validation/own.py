"""The user's own check: a script, as a task would run it; exit code 0 is good."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from hfai.engine.validation.options import VARIABLE, OwnCheck
from hfai.model.phrase import Phrase
from hfai.node.check import FAILED, PASSED, Check

# Of what it prints the end is kept.
_MOST_BYTES = 16 << 10


def own(check: OwnCheck, workspace: str, timeout_s: float) -> Check:
    """Run it in the workspace, with the environment of this process.

    Args:
        check: the script; ``.py`` is run by python3, ``.sh`` by bash, anything else as its first line says.
        workspace: where it begins.
        timeout_s: after so long it is killed, with all that it has started, and has failed.
    """
    with tempfile.TemporaryDirectory(prefix="hfai-validate-") as directory:
        path = Path(directory, Path(check.name).name or "check")
        path.write_text(check.text, encoding="utf-8", newline="")
        path.chmod(0o700)
        interpreter = {".py": ["python3", "-u"], ".sh": ["bash"]}.get(path.suffix, [])
        if not interpreter and not check.text.startswith("#!"):
            interpreter = ["sh"]
        environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    [*interpreter, str(path)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=workspace,
                    env=environ,
                    start_new_session=True,
                )
            except OSError as error:
                return Check(
                    "own",
                    status=FAILED,
                    text=Phrase("{name} cannot be run: {reason}", name=check.name, reason=str(error)),
                )
            try:
                text = _verdict(check.name, process.wait(timeout_s))
                has_passed = process.returncode == 0
            except subprocess.TimeoutExpired:
                has_passed, text = (
                    False,
                    Phrase("{name} was not done after {seconds:g} s", name=check.name, seconds=timeout_s),
                )
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(max(0, output.seek(0, os.SEEK_END) - _MOST_BYTES))
            said = output.read().decode("utf-8", "replace")
    return Check("own", status=PASSED if has_passed else FAILED, text=text, output=said)


def _verdict(name: str, code: int) -> Phrase:
    if code < 0:
        return Phrase("{name} was killed by signal {signal}", name=name, signal=-code)
    return Phrase("{name} exited with code {code}", name=name, code=code)
