# PYTHON_ARGCOMPLETE_OK
"""The program ``hai-cli``: until :func:`hfai.cli.main.main` says in a line that it was interrupted, Ctrl-C ends it silently.

Imported by the program alone, since it changes what the process does at SIGINT.
"""

import _signal  # type: ignore[import-not-found] # signal takes longer to import than a command may
import gc
import sys

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from hfai.cli.main import main as run


def main() -> int:
    """The program; returns its exit status."""
    status = run()
    gc.freeze()  # nobody needs what the interpreter would look for at its end, for a tenth of the time of a small command
    return status


if __name__ == "__main__":
    sys.exit(main())
