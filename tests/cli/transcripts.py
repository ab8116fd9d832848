"""Transcripts: what a person types and sees, command by command, kept as golden files in both languages.

A file ``golden/transcripts/NAME.LANG.txt`` holds steps: ``$ hai-cli ...``, what came on stdout, what came on stderr with
``! `` in front of each line, and ``[N]`` where the exit status is not 0. What differs from one run to the next is
replaced by a word of the same width, so that tables stay tables.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Iterable

from hfai import __version__
from tests.cli.conftest import GOLDEN, Cli, Done

if TYPE_CHECKING:
    from hfai.testing import EngineSandbox

TRANSCRIPTS = GOLDEN / "transcripts"
RE_RECORD = (
    "the transcript {name} differs; if the new text is right: "
    "GOLDEN_RECORD=1 python -m pytest tests/cli -k transcript, and look at git diff"
)
_CHANGES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?"), "<time>"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+"), "<port>"),
    (re.compile(r"\b(?=\w*[a-f])[0-9a-f]{16,64}\b"), "<hex>"),
    (re.compile(rf"(?<!\d)(?<!\d\.){re.escape(__version__)}(?!\.?\d)"), "<ver>"),
    (re.compile(r"(?<=Python )\d+\.\d+\.\d+\w*|(?<=python\": \")[^\"]+|(?<=python: \")[^\"]+"), "<py>"),
    (re.compile(r"(?<=process )\d+|(?<=进程 )\d+|(?<=\"pid\": )\d+"), "<pid>"),
    (re.compile(r"\bcpu-\d+\b"), "cpu-N"),
    (re.compile(r"\bhfai-[\w-]{32,}"), "<token>"),
    (re.compile(r"\bhfai-[\w-]{4}\.\.\.[\w-]{4}"), "<token>"),
)
_WHO = re.compile(rf"\b{re.escape(getpass.getuser())}\b")


class Transcript:
    """Collects the steps of one command in one language and compares them with what was kept.

    Args:
        name: of the file: the command's words joined by ``_``, as a rule.
        lang: ``en`` or ``zh``.
        hai: the command line; also an attribute, for steps that are not kept.
        homes: directories that have to be named by a word.

    Attributes:
        sandbox: the engine, where the fixture gives it.
    """

    sandbox: EngineSandbox

    def __init__(self, name: str, lang: str, hai: Cli, homes: Iterable[tuple[str, str]] = ()) -> None:
        self.path = TRANSCRIPTS / f"{name}.{lang}.txt"
        self.lang = lang
        self.hai = hai
        self._homes = [*homes, (str(hai.cwd), "<work>")]
        self._steps: list[str] = []

    def __call__(self, line: str) -> Done:
        """Run a line that begins with ``hai-cli`` and keep what it says."""
        words = shlex.split(line)
        done = self.hai(*words[1:], lang=self.lang)
        errors = "".join(f"! {said}\n" for said in done.err.splitlines())
        out = done.out if not done.out or done.out.endswith("\n") else f"{done.out}\n"
        ended = f"[{done.status}]\n" if done.status else ""
        typed = _WHO.sub("<user>", line)
        self._steps.append(f"$ {typed}\n{self.normal(out + errors)}{ended}")
        return done

    def normal(self, text: str) -> str:
        """The text without what differs from one run to the next."""
        for path, word in self._homes:
            text = text.replace(path, word)
        for pattern, word in (*_CHANGES, (_WHO, "<user>")):
            text = pattern.sub(lambda match, word=word: word.ljust(len(match[0])), text)
        return re.sub(r"[ ]+$", "", text, flags=re.MULTILINE)

    def compare(self) -> None:
        """Compare, or write the file where ``GOLDEN_RECORD=1``."""
        text = "\n".join(self._steps)
        if os.environ.get("GOLDEN_RECORD") == "1":
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text(text, encoding="utf-8")
            return
        kept = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        assert text == kept, RE_RECORD.format(name=self.path.name)


def recorded(path: Iterable[str], lang: str) -> Path:
    """Where the transcript of a command is."""
    return TRANSCRIPTS / f"{'_'.join(path)}.{lang}.txt"
