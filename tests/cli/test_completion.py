"""Tab, as bash asks for it: from the cache, silent whatever happens."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hfai.cli.parsing import load
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.test_conventions import PATHS, actions_of

NAMES = "13\tblank name\tsuspended\n12\tmy_exp\trunning\n11\tother\tfinished\n10\tmine\twaiting_init\n9\tother\tfinished\n"
CONTEXTS = 'url: "http://a"\n# contexts\ncontexts:\n  # two\n  "lab":\n    url: http://b\n\n  7:\n    url: http://c\ncurrent: lab\n'


def tab(cli: Cli, line: str) -> list[str]:
    """What is offered for the last word of the line."""
    ours, theirs = os.pipe()
    env = {
        **cli.env,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    try:
        done = subprocess.run(
            ["bash", "-c", f'exec "$1" 8>&{theirs} 9>/dev/null', "bash", str(HAI_CLI)],
            env=env,
            pass_fds=(theirs,),
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as answers:
        found = answers.read()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return [word.rstrip(" ") for word in found.split("\n") if word]


@pytest.fixture
def cached(cli: Cli) -> Cli:
    """With a cache as the engine writes it, and no engine."""
    state = Path(os.environ["HFAI_HOME"]) / "engine"
    state.mkdir()
    (state / "names").write_text(NAMES)
    (state.parent / "conf.yaml").write_text(CONTEXTS)
    (state / "places").write_text("cpu-0\tdefault\ncpu-1\tdefault\ngpu-0\tlab.gpu\n")
    return cli


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hai-cli st", {"status", "stop"}),
        ("hai-cli --v", {"--version"}),
        ("hai-cli platform ", {"up", "down", "status", "logs", "node", "user", "token", "quota", "simulate"}),
        ("hai-cli platform down --s", {"--stop-tasks"}),
        ("hai-cli status ", {"blank\\ name", "my_exp", "other", "mine"}),
        ("hai-cli status m", {"my_exp", "mine"}),
        ("hai-cli status 1", {"13", "12", "11", "10"}),
        ("hai-cli logs o", {"other"}),
        ("hai-cli logs -f ", {"my_exp"}),
        ("hai-cli logs --follow m", {"my_exp"}),
        ("hai-cli stop ", {"blank\\ name", "my_exp", "mine"}),
        ("hai-cli stop my_exp m", {"mine"}),
        ("hai-cli list --status r", {"running"}),
        ("hai-cli python train.py x -- --nod", {"--nodes"}),
        ("hai-cli python train.py ++ --l", {"--life_state"}),
        ("hai-cli --context lab stop my_exp m", {"mine"}),
        ("hai-cli --context=lab platform down --s", {"--stop-tasks"}),
        ("hai-cli --context l", {"local", "lab"}),
        ("hai-cli --c", {"--context"}),
        ("hai-cli context use ", {"local", "default", "lab", "7"}),
        ("hai-cli context remove l", {"lab"}),
        ("hai-cli init x --context d", {"default"}),
        ("hai-cli prof my_exp --interval basic=2 g", {"gpu="}),
        ("hai-cli prof --interval basic=2 m", {"my_exp"}),
        ("hai-cli prof my_exp --interval basic=2 gpu=1 --ti", {"--time"}),
        ("hai-cli wait my_exp -o n", {"name"}),
        ("hai-cli ssh ", {"my_exp"}),
        ("hai-cli ssh my_exp -- ls ", set()),
        ("hai-cli status\t--", {"--output", "--json", "--quiet", "--columns", "--color", "--type", "--help"}),
        ("hai-cli platform node cordon ", {"cpu-0", "cpu-1", "gpu-0"}),
        ("hai-cli platform node cordon c", {"cpu-0", "cpu-1"}),
        ("hai-cli run x.yaml --group ", {"default", "lab.gpu"}),
        ("hai-cli exec x -- -g l", {"lab.gpu"}),
        ("hai-cli run x.yaml -p V", {"VERY_HIGH"}),
        ("hai-cli priority my_exp very", {"very_high"}),
        ("hai-cli list --columns id,no", {"id,nodes"}),
        ("hai-cli help ex", {"exec", "exit-codes"}),
        ("hai-cli help platform n", {"node"}),
        ("hai-cli completion install f", {"fish"}),
        ("hai-cli run ", set()),
        ("hai-cli nonsense ", set()),
        ("hai-cli platform nonsense ", set()),
        ("hai-cli status 'unfinished ", set()),
    ],
)
def test_what_is_offered(cached: Cli, line: str, expected: set[str]) -> None:
    """Options only behind a dash; behind -f only running tasks (tutorial, use case 2)."""
    assert set(tab(cached, line)) == expected


@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_options_of_every_command(cached: Cli, path: tuple[str, ...]) -> None:
    """Each long one, where no group of them excludes it."""
    line = " ".join(("hai-cli", *path, *(["x", "--"] if hasattr(load(path), "add_tail") else [])))
    wanted = {option for action in actions_of(path) for option in action.option_strings if option.startswith("--")}
    offered = set(tab(cached, f"{line} --"))
    behind_plus = {"--suspend_seconds", "--life_state"}
    assert wanted - behind_plus - {"--help"} <= offered


def test_the_caches_of_an_engine(hai: Cli) -> None:
    """Nodes from its start on."""
    assert tab(hai, "hai-cli platform node cordon c") == ["cpu-0", "cpu-1", "cpu-2", "cpu-3"]
    assert tab(hai, "hai-cli nodes --group ") == ["default"]


def test_without_a_cache(cli: Cli) -> None:
    assert tab(cli, "hai-cli status ") == []


def test_a_cache_that_is_no_text(cached: Cli) -> None:
    Path(os.environ["HFAI_HOME"], "engine", "names").write_bytes(b"\xff\xfe\0\n1\tx\n2\n12\tfine\trunning\n")
    assert tab(cached, "hai-cli status ") == ["fine"]
