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
    # No time to save: the engine of the test need not wait for it at its end.
    assert hai("bash", f"{name}.sh", "--", "--name", name, "-n", nodes, "--options", "suspend_grace=0").status == 0
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


FILE = "version: 2\nname: from_file\nspec: {entrypoint: ok.sh, parameters: a 'b c'}\noptions: {tags: [x]}\n"


def test_exec_transcripts(transcript: Begin) -> None:
    """What submits, runs here or simulates."""
    talk = transcript("run")
    talk.hai.write("ok.sh", 'printf "%s\\n" "$@"\n')
    talk.hai.write("exp.yaml", FILE)
    talk.hai.write("typo.yaml", FILE.replace("entrypoint", "entrypiont"))
    talk("hai-cli run exp.yaml -f")
    talk("hai-cli run exp.yaml -q --name second")
    until_status(talk.hai, "second", "finished")
    talk("hai-cli run exp.yaml")
    until_status(talk.hai, "from_file", "finished")
    talk("hai-cli run exp.yaml --dry-run -n 2 --priority HIGH")
    talk("hai-cli run typo.yaml")
    talk("hai-cli run missing.yaml")
    talk("hai-cli run exp.yaml -n 40")
    talk("hai-cli run exp.yaml --nodse 2")
    talk("hai-cli run exp.yaml --priority HIHG")
    talk("hai-cli run")
    for kind, file, text in (
        ("bash", "train.sh", 'echo "loss $1"; exit ${2:-0}\n'),
        ("python", "train.py", "import os, sys\nprint('loss', *sys.argv[1:2], os.environ.get('MARSV2_WHOLE_LIFE_STATE', ''))\n"),
        ("exec", "train", '#!/bin/sh\necho "loss $1"\n'),
    ):
        talk = transcript(kind)
        path = talk.hai.write(file, text)
        path.chmod(0o755)
        here = f"./{file}" if kind == "exec" else file
        talk(f"hai-cli {kind} {here} 0.5")
        talk(f"hai-cli {kind} {here} 0.5 -- --name {kind}_exp -f")
        talk(f"hai-cli {kind} {here} 0.5 -- -q")
        talk(f"hai-cli {kind} {here} 0.5 ++ -ls 3")
        talk(f"hai-cli {kind} missing -- -n 1")
        talk(f"hai-cli {kind} {here} -- --nmae x")
        talk(f"hai-cli {kind}")


def test_task_transcripts(transcript: Begin) -> None:
    """What is asked of a task, and done to it."""
    for name in ("describe", "status", "logs", "wait", "resume"):
        talk = transcript(name)
        if name == "describe":
            submitted(talk, "sample_exp", "echo one; echo two >&2\n")
            submitted(talk, "bad_exp", "echo no luck; exit 3\n")
        talk(f"hai-cli {name} sample_exp")
        if name == "resume":
            until_status(talk.hai, "sample_exp", "finished")
        if name in ("logs", "status", "wait"):
            talk(f"hai-cli {name} bad_exp")
            talk(f"hai-cli {name} sample_exp --json")
        talk(f"hai-cli {name} nobody")
        if name == "logs":
            talk("hai-cli logs -f bad_exp --raw")
            talk("hai-cli logs sample_exp --grep tw -r 3")
            talk("hai-cli logs sample_exp --grep tw --tail 1")
            talk("hai-cli logs sample_exp --since yesterday")
        if name == "wait":
            talk("hai-cli wait sample_exp bad_exp")
            talk("hai-cli wait sample_exp --for suspended")
            talk("hai-cli wait sample_exp --timeout soon")
    for name, status in (("one", "running"), ("two", "running"), ("three", "waiting_init")):
        submitted(talk, name, LONG, status=status)
    talk = transcript("wait_running")
    talk("hai-cli wait one --for running")
    talk("hai-cli wait one --timeout 0.1")
    talk = transcript("ssh")
    talk("hai-cli ssh one -- 'echo $RANK of $WORLD_SIZE; exit 4'")
    talk("hai-cli ssh one -r 7 -- true")
    talk("hai-cli ssh three")
    talk("hai-cli ssh sample_exp")
    talk = transcript("priority")
    talk("hai-cli priority three below_normal")
    talk("hai-cli priority three urgent")
    talk("hai-cli priority sample_exp HIGH")
    talk = transcript("suspend")
    talk("hai-cli suspend three sample_exp")
    talk("hai-cli suspend nobody")
    talk("hai-cli suspend one")


def test_platform_transcripts(transcript: Begin) -> None:
    """The engine of this machine: the last step ends it."""
    talk = transcript("platform_up")
    talk("hai-cli platform up")
    talk("hai-cli platform up --json")
    talk = transcript("platform_status")
    talk("hai-cli platform status")
    talk("hai-cli platform status --json")
    talk("hai-cli platform status --output name")
    talk = transcript("platform_node")
    talk("hai-cli platform node list")
    talk("hai-cli platform node cordon cpu-1 --reason 'disk full'")
    talk("hai-cli platform node list --columns name,state,cordon_reason")
    talk("hai-cli platform node uncordon cpu-1")
    talk("hai-cli platform node cordon cpu-9")
    talk = transcript("platform_down")
    talk("hai-cli platform down")
    talk("hai-cli platform down")
    talk("hai-cli platform status")


def test_offline_transcripts(offline_transcript: Begin) -> None:
    """What needs no engine."""
    talk = offline_transcript("platform_logs")
    talk("hai-cli platform logs")
    talk = offline_transcript("platform_simulate")
    talk.hai.write("trace.csv", TRACE)
    talk.hai.write("bad.csv", TRACE.replace("600,1", "600,many"))
    talk("hai-cli platform simulate --trace trace.csv --nodes 1")
    talk("hai-cli platform simulate --trace bad.csv --nodes 1")
    talk("hai-cli platform simulate --trace missing.csv --nodes 1")
    talk("hai-cli platform simulate")
    talk = offline_transcript("init")
    talk("hai-cli init some-token --url http://127.0.0.1:9")
    talk("hai-cli init")
    talk("hai-cli init a-token --url ftp://example.org")
    talk = offline_transcript("help")
    talk("hai-cli help version")  # docs/cli.md has the topics
    talk("hai-cli help task-fiel")
    talk = offline_transcript("completion")
    talk.hai.env.update(HOME=str(talk.hai.cwd), SHELL="/bin/zsh", ZDOTDIR="")
    talk("hai-cli completion fish")
    talk("hai-cli completion install")
    talk("hai-cli completion install")
    talk("hai-cli completion install --uninstall")
    talk("hai-cli completion install tcsh")
    talk("hai-cli completion zhs")
    # argcomplete's own code for bash is not ours to keep; zsh's is for test_completion_shells.
    talk("hai-cli completion bash -q")
    talk("hai-cli completion zsh -q")


TRACE = """timestamp,duration,num_gpus,user,priority
2026-01-01 00:00:00,18000,1,ann,NORMAL
2026-01-01 01:00:00,600,1,bob,NORMAL
"""


def test_version_transcript(transcript: Begin) -> None:
    talk = transcript("version")
    talk("hai-cli version")
    talk("hai-cli version --json")
    talk("hai-cli version --output yaml")
