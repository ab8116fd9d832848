"""The door to other programs: conda, mamba, uv, venv and pip."""

from __future__ import annotations

import os
import subprocess
from typing import Sequence

from hfai.model.errors import HfaiError


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
    # Neither another environment's paths nor the guard against installing outside of one are meant for this one.
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER")
    environ = {key: value for key, value in os.environ.items() if key not in dropped}
    try:
        status = subprocess.run(words, env=environ, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    except OSError as error:
        raise HfaiError("{program}: {reason}", program=words[0], reason=error.strerror or str(error)) from None
    if status:
        raise HfaiError("{program} failed with status {status}: what it said is above", program=words[0], status=status)
