"""The door to other programs: conda, mamba, uv, venv and pip."""

from __future__ import annotations

import os
import subprocess
from typing import Sequence

from hfai.model.errors import HfaiError

# Locks that programs hold with us: killed, we may leave one behind that still writes.
held: set[int] = set()


def quietly(words: Sequence[str]) -> None:
    """Run a program whose output nobody reads; what it says last is the reason where it fails.

    Raises:
        HfaiError: it failed.
    """
    done = subprocess.run(
        words,
        env=_surroundings(),
        pass_fds=tuple(held),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in reversed(said) if line.startswith("ERROR:")), (said or ["-"])[-1])
        template = "{program} failed with status {status}: {reason}"
        raise HfaiError(template, program=words[0], status=done.returncode, reason=reason[:300])


def call(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says; status 127 where it is not there."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(list(words), 127, "", str(error))


def run(words: Sequence[str]) -> None:
    """Run a program whose output people are to see, on stderr; stdout is the caller's.

    Raises:
        HfaiError: it failed.
    """
    try:
        status = subprocess.run(
            words, env=_surroundings(), pass_fds=tuple(held), stdin=subprocess.DEVNULL, stdout=2, check=False
        ).returncode
    except OSError as error:
        raise HfaiError("{program}: {reason}", program=words[0], reason=error.strerror or str(error)) from None
    if status:
        raise HfaiError("{program} failed with status {status}: what it said is above", program=words[0], status=status)


def _surroundings() -> dict[str, str]:
    # Neither another environment's paths nor the guard against installing outside of one are meant for this one.
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER")
    return {key: value for key, value in os.environ.items() if key not in dropped}
