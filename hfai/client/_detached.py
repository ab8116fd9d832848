"""A child process that outlives its parent on purpose."""

from __future__ import annotations

import subprocess
from typing import Mapping, Optional, Sequence


class DetachedProcess(subprocess.Popen[bytes]):
    """A program in a session of its own, at ``/``, with nothing of ours open but one pipe.

    Args:
        command: program and arguments.
        environment: its whole environment.
        keep_fd: the descriptor that it may write to.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], keep_fd: int) -> None:
        super().__init__(
            command,
            env=dict(environment),
            # Also so that `python -m` does not import from the directory the user happens to be in.
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(keep_fd,),
            start_new_session=True,
        )

    def ended(self, within_s: float) -> Optional[int]:
        """Its exit status; one that goes on for longer is killed, and None returned."""
        try:
            return self.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            return None

    def __del__(self) -> None:
        """Unlike Popen's, without a warning that it still runs."""
