"""The one funnel from any error to the user: one line on stderr and an exit status.

``HFAI_TRACEBACK=1`` shows the traceback instead. A pipe that was closed by its reader is no error worth a word.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # signal takes longer to import than a command may
import errno
import os
import sys

TYPE_CHECKING = False  # see hfai.cli.language
if TYPE_CHECKING:
    from typing import Callable

    from hfai.model.errors import HfaiError

INTERRUPTED = 130
# What a shell reports for a program that SIGPIPE ended.
_BROKEN_PIPE = 141


def guarded(command: Callable[[], int]) -> int:
    """Run a command, flush what it wrote, and turn whatever it raises into a line and an exit status.

    Where :mod:`hfai.cli.__main__` has Ctrl-C end the process, it is a line for as long as the command runs.
    """
    is_fatal = _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL
    _prepare_streams()
    try:
        try:
            if is_fatal:
                _signal.signal(_signal.SIGINT, _signal.default_int_handler)
            status = command()
            sys.stdout.flush()
            return status
        finally:
            if is_fatal:
                _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    except KeyboardInterrupt:
        if os.environ.get("HFAI_TRACEBACK") == "1":
            raise
        from hfai.cli.language import tr

        return _say(tr("interrupted"), INTERRUPTED)
    except BrokenPipeError:
        return _BROKEN_PIPE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:
        if os.environ.get("HFAI_TRACEBACK") == "1":
            raise
        return _failed(error)
    finally:
        _drop_output()


def _failed(error: Exception) -> int:
    from hfai.cli.language import tr
    from hfai.model.errors import HfaiError

    if isinstance(error, HfaiError):
        return say(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        return _say(tr("the output cannot be written: {reason}", reason=tr(error.strerror or "")), 1)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return _say(tr("{error} (HFAI_TRACEBACK=1 shows where this came from)", error=what), 1)


def say(error: HfaiError) -> int:
    """One line about an error, behind what is on stdout so far; its exit status."""
    from hfai.cli.wording import in_words

    return _say(in_words(error), error.exit_status)


def _say(text: str, status: int) -> int:
    from contextlib import suppress

    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        # The terminal has just shown ^C.
        start = "\n" if status == INTERRUPTED and sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}hai-cli: {text}\n")
        sys.stderr.flush()
    return status


def _prepare_streams() -> None:
    """Any text can be written to any terminal, and a closed stream is one that takes everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # The number of the closed stream would be given to the next file that is opened, a socket for one.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """What could not be written now will not be tried again when the interpreter ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
