"""The daemon's own log: ``engine.log`` in the state directory, limited in size, never with a token in it."""

from __future__ import annotations

import logging
import os
import re
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG_BYTES = 5 * 1024 * 1024
_KEPT = 2
_TOKEN = re.compile(r"""(?i)(token["']?\s*[=:]\s*["']?|bearer\s+)[^\s&"',}]+""")


def start_logging(path: Path, *, takes_over: bool) -> None:
    """Send every log record to a file, from warnings of libraries to tracebacks.

    Args:
        path: the file; older parts are kept beside it as ``.1`` and ``.2``.
        takes_over: whether standard output and error go there too.

    Raises:
        OSError: the file cannot be written.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    handler = _LogFile(path, takes_over=takes_over)
    handler.setFormatter(_WithoutTokens("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def without_tokens(text: str) -> str:
    """The text with every token in it replaced."""
    return _TOKEN.sub(r"\1***", text)


class _WithoutTokens(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


class _LogFile(RotatingFileHandler):
    """A log file that standard output and error can follow from one file to the next."""

    def __init__(self, path: Path, *, takes_over: bool) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=_KEPT, encoding="utf-8")
        self._takes_over = takes_over
        self._take_over()

    def doRollover(self) -> None:
        super().doRollover()
        self._take_over()

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk must not stop the daemon: the record is lost."""

    def _open(self) -> TextIOWrapper:
        fd = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(fd, "a", encoding="utf-8")

    def _take_over(self) -> None:
        if self._takes_over and self.stream is not None:
            for fd in (1, 2):
                os.dup2(self.stream.fileno(), fd)
