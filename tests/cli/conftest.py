"""The real ``hai-cli`` in a subprocess, against a real engine, and golden texts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, Mapping, NamedTuple, Optional

import pytest

from hfai.testing import EngineSandbox

if TYPE_CHECKING:
    from tests.cli.transcripts import Transcript

HAI_CLI = Path(sys.executable).with_name("hai-cli")
GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("en", "zh")
DEADLINE_S = 60


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Cli:
    """Runs ``hai-cli`` with a fixed environment, in a fixed directory."""

    def __init__(self, env: Mapping[str, str], cwd: Path) -> None:
        self.env = {**env, "COLUMNS": "100", "HAI_LANG": "en", "TERM": "dumb"}
        self.cwd = cwd

    def __call__(self, *words: object, lang: str = "en", env: Optional[Mapping[str, str]] = None) -> Done:
        done = subprocess.run(
            [HAI_CLI, *map(str, words)],
            env={**self.env, "HAI_LANG": lang, **(env or {})},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())

    def start(self, *words: object, env: Optional[Mapping[str, str]] = None) -> subprocess.Popen[bytes]:
        """The same without waiting for it."""
        return subprocess.Popen(
            [HAI_CLI, *map(str, words)],
            env={**self.env, **(env or {})},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, name: str, text: str) -> Path:
        """A file in the directory that commands run in."""
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(("LC_", "LANG", "_ARG"))}


@pytest.fixture
def cli(own_home: Path, tmp_path: Path) -> Cli:
    """``hai-cli`` with a home of its own and no engine; the test must not start one."""
    return Cli(_clean(os.environ), tmp_path)


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineSandbox]:
    """An engine of four nodes, shared by the tests of a file."""
    with EngineSandbox({"nodes": 4}) as sandbox:
        yield sandbox


@pytest.fixture
def hai(engine: EngineSandbox, tmp_path: Path) -> Cli:
    """``hai-cli`` with that engine."""
    return Cli(_clean(engine.env), tmp_path)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with ``tests/cli/golden/NAME``; ``GOLDEN_RECORD=1`` writes it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("GOLDEN_RECORD") == "1":
            path.write_text(text, encoding="utf-8")
            return
        assert text == path.read_text(encoding="utf-8"), (
            f"{name} differs; if the new text is right: GOLDEN_RECORD=1 python -m pytest tests/cli, and look at git diff"
        )

    return compare


@pytest.fixture(params=LANGUAGES)
def transcript(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Transcript]]:
    """Begins the transcript of a command, once in each language: on a fresh engine of two nodes, so that ids begin at 1.

    ``talk = transcript("stop"); talk("hai-cli stop my_exp")``; what was said is compared at the end of the test.
    """
    from tests.cli.transcripts import Transcript

    begun: list[Transcript] = []
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        cli = Cli(_clean(sandbox.env), tmp_path)

        def begin(name: str) -> Transcript:
            begun.append(Transcript(name, request.param, cli, [(str(sandbox.directory), "<home>")]))
            return begun[-1]

        yield begin
    for one in begun:
        one.compare()


@pytest.fixture(params=LANGUAGES)
def ada_transcript(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Transcript]]:
    """As ``transcript``, for a user ``ada`` of the team ``vision``, who is no administrator and has quotas: tables do not depend
    on who runs the tests. ``talk.sandbox`` is the engine.
    """
    from tests.cli.transcripts import Transcript

    begun: list[Transcript] = []
    quotas = [{"user": "ada", "priority": "HIGH", "nodes": 1}, {"user": "@vision", "priority": "NORMAL", "nodes": 2}]
    nodes = [{"name": "n0", "group": "train.a100"}, {"name": "n1", "group": "train.a100"}, {"name": "n2", "group": "default"}]
    with EngineSandbox({"nodes": nodes, "stop_grace_s": 1, "quotas": quotas}) as sandbox:
        ada = sandbox.add_user("ada", groups=["vision"])
        cli = Cli(_clean(ada.env), tmp_path)

        def begin(name: str) -> Transcript:
            begun.append(Transcript(name, request.param, cli, [(str(sandbox.directory), "<home>")]))
            begun[-1].sandbox = sandbox
            return begun[-1]

        yield begin
    for one in begun:
        one.compare()


@pytest.fixture(params=LANGUAGES)
def offline_transcript(request: pytest.FixtureRequest, cli: Cli) -> Iterator[Callable[[str], Transcript]]:
    """The same for commands that need no engine."""
    from tests.cli.transcripts import Transcript

    begun: list[Transcript] = []

    def begin(name: str) -> Transcript:
        begun.append(Transcript(name, request.param, cli, [(os.environ["HFAI_HOME"], "<home>")]))
        return begun[-1]

    yield begin
    for one in begun:
        one.compare()


_CHANGES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "<time>"),
    (re.compile(r"\bcpu-\d+\b"), "cpu-N"),
)
# Of the check before a task.
_SIZE = re.compile(r"\b\d+(\.\d+)?G\b")


def without_chance(text: str) -> str:
    """The text with times, node names and sizes replaced, widths of tables included."""
    for pattern, word in _CHANGES:
        text = pattern.sub(lambda match, word=word: word.ljust(len(match[0])), text)
    return _SIZE.sub("<n>G", text)
