"""``hai-cli completion install``: have every new shell complete hai-cli. May be called twice."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from hfai.cli.completion.shells import SHELLS, code_for, place_of, shell_in_use, with_loading, without_loading
from hfai.cli.engine_notes import home_path
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note
from hfai.model.errors import UsageError

_MODE = 0o644

EXAMPLES = (
    ("hai-cli completion install", mark("for the shell that you use")),
    ("hai-cli completion install zsh", mark("for another one")),
    ("hai-cli completion install --uninstall", mark("take it away again")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", nargs="?", choices=SHELLS, metavar="|".join(SHELLS), help=tr("which shell; default: yours ({name})", name="$SHELL")
    )
    add_quiet(parser)
    parser.add_argument("--uninstall", action="store_true", help=tr("undo it: the lines and the file are removed"))


def run(arguments: argparse.Namespace) -> int:
    shell = arguments.shell or shell_in_use()
    try:
        told = _uninstalled(shell) if arguments.uninstall else _installed(shell)
    except OSError as error:
        raise UsageError("{file}: {problem}", file=str(error.filename), problem=error.strerror) from None
    if not arguments.quiet:
        note(told)
    return 0


def _installed(shell: str) -> str:
    code, start_file = place_of(shell)
    changed = _written(code, code_for(shell))
    if start_file is not None:
        old = start_file.read_text(encoding="utf-8", errors="surrogateescape") if start_file.exists() else ""
        changed = _written(start_file, with_loading(old, code)) or changed
    file = home_path(str(start_file or code))
    if not changed:
        return tr("{shell} completes hai-cli already: {file}", shell=shell, file=file)
    return tr("{shell} completes hai-cli from its next start on: changed {file}", shell=shell, file=file)


def _uninstalled(shell: str) -> str:
    code, start_file = place_of(shell)
    changed = code.exists()
    code.unlink(missing_ok=True)
    if start_file is not None and start_file.exists():
        old = start_file.read_text(encoding="utf-8", errors="surrogateescape")
        changed = _written(start_file, without_loading(old)) or changed
    file = home_path(str(start_file or code))
    if not changed:
        return tr("{shell} was not told to complete hai-cli: {file}", shell=shell, file=file)
    return tr("{shell} does not complete hai-cli any more: changed {file}", shell=shell, file=file)


def _written(path: Path, text: str) -> bool:
    """Whether the file had to be changed; what the file is a link to is changed, not the link.

    Written beside and renamed: it is the user's start file, of which nothing may be lost on a full disk.
    """
    target = path.resolve()
    if target.exists() and target.read_text(encoding="utf-8", errors="surrogateescape") == text:
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fd, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            Path(beside).chmod(target.stat().st_mode if target.exists() else _MODE)
            Path(beside).replace(target)
        except BaseException:
            Path(beside).unlink()
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return True
