"""A transcript per command in both languages (tests/cli/transcripts.py)."""

from __future__ import annotations

from typing import Callable

from tests.cli.transcripts import Transcript
from tests.cli.waiting import until_status

Begin = Callable[[str], Transcript]

OK = "echo ready\n"
LONG = "echo working\nexec sleep 300\n"


def submitted(talk: Transcript, name: str, script: str = OK, *, status: str = "finished", nodes: int = 1) -> None:
    """A task that has come to this status; nothing of it is in the transcript."""
    hai = talk.hai
    hai.write(f"{name}.sh", script)
    assert hai("bash", f"{name}.sh", "--", "--name", name, "-n", nodes).status == 0
    until_status(hai, name, status)


def test_list_transcript(transcript: Begin) -> None:
    talk = transcript("list")
    talk("hai-cli list")
    submitted(talk, "sample_exp")
    submitted(talk, "宽_wide", LONG, status="running")
    talk("hai-cli list")
    talk("hai-cli list --output wide")
    talk("hai-cli list --page 2 --page_size 1")
    talk("hai-cli list --columns nb_name,id --status running")
    talk("hai-cli list --output name")
    talk("hai-cli list -q")
    talk("hai-cli list --columns id,nmae")
    talk("hai-cli list --json --columns id")
    talk("hai-cli list --output xml")


def test_stop_transcript(transcript: Begin) -> None:
    talk = transcript("stop")
    submitted(talk, "sample_exp", LONG, status="running")
    submitted(talk, "other", LONG, status="running")
    talk("hai-cli stop sample_exp")
    until_status(talk.hai, "sample_exp", "finished")
    talk("hai-cli stop sample_exp nobody")
    talk("hai-cli stop other -q")
    talk("hai-cli stop")


def test_version_transcript(transcript: Begin) -> None:
    talk = transcript("version")
    talk("hai-cli version")
    talk("hai-cli version --json")
    talk("hai-cli version --output yaml")
