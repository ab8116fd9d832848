"""Tab in real shells, as `hai-cli completion install` sets them up."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import HAI_CLI, Cli
from tests.cli.screen import Screen, needs_tmux

HAIENV = Path(__file__).parents[2] / "bin" / "haienv"
SHELLS = ("bash", "zsh", "fish")
START = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish"]}
PROMPTS = {"bash": "PS1='> '\n", "zsh": "PROMPT='> '\n", "fish": "function fish_prompt\n echo '> '\nend\nset -g fish_greeting\n"}
START_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
NAMES = "13\tblank name\tsuspended\n12\tmy_exp\trunning\n11\t训练一\tfinished\n10\tother\twaiting_init\n"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    return name


def at_home(cli: Cli, home: Path, shell: str) -> dict[str, str]:
    """The environment of a person whose shell completes hai-cli."""
    start = home / START_FILES[shell]
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(PROMPTS[shell])
    # Without it fish makes completions of all man pages in the background at its first start.
    (home / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in cli.env.items() if not name.startswith(("XDG_", "ZDOTDIR", "BASH", "ZSH", "COLUMNS"))}
    env.update(HOME=str(home), LANG="C.UTF-8", PATH=f"{HAI_CLI.parent}:{HAIENV.parent}:{os.environ['PATH']}", SHELL=f"/usr/bin/{shell}")
    cli.env = env
    assert cli("completion", "install").status == 0
    return env


def type_and_see(screen: Screen, typed: str, line: str) -> None:
    """Type, press Tab, and see the line become this; then empty it."""
    screen.type(typed, "Tab")
    screen.wait_for(lambda text: f"> {line}" in text.splitlines())
    screen.type("", "C-u")  # not C-c: a signal that comes while fish still completes is lost
    screen.wait_for(lambda text: text.splitlines()[-1:] in (["> "], [">"]))
    screen.type("clear", "Enter")
    screen.wait_for(lambda text: text in (">", "> "))


@needs_tmux
def test_tab(cli: Cli, tmp_path: Path, shell: str) -> None:
    """Commands, options and their values, tasks, nodes, topics; files where a file is meant; names with blanks and in Chinese."""
    state = Path(os.environ["HFAI_HOME"]) / "engine"
    state.mkdir()
    (state / "names").write_text(NAMES)
    (state / "places").write_text("cpu-0\tdefault\ngpu-7\tlab\n")
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.py").touch()
    (work / "exp.yaml").touch()
    with Screen(START[shell], at_home(cli, tmp_path, shell), work) as screen:
        screen.wait_for(">")
        type_and_see(screen, "hai-cli desc", "hai-cli describe")
        type_and_see(screen, "hai-cli platform sim", "hai-cli platform simulate")
        type_and_see(screen, "hai-cli list --page_", "hai-cli list --page_size")
        type_and_see(screen, "hai-cli list --status susp", "hai-cli list --status suspended")
        type_and_see(screen, "hai-cli logs -f ", "hai-cli logs -f my_exp")
        type_and_see(screen, "hai-cli status b", "hai-cli status blank\\ name")
        type_and_see(screen, "hai-cli status 训", "hai-cli status 训练一")
        type_and_see(screen, "hai-cli platform node cordon g", "hai-cli platform node cordon gpu-7")
        type_and_see(screen, "hai-cli run exp.yaml -g l", "hai-cli run exp.yaml -g lab")
        type_and_see(screen, "hai-cli python train.py -- -p ext", "hai-cli python train.py -- -p extreme_high")
        type_and_see(screen, "haienv exp", "haienv export")
        type_and_see(screen, "hai-cli help exit", "hai-cli help exit-codes")
        type_and_see(screen, "hai-cli python tr", "hai-cli python train.py")
        type_and_see(screen, "hai-cli run ex", "hai-cli run exp.yaml")


@needs_tmux
def test_right_after_a_submission(engine: EngineSandbox, hai: Cli, tmp_path: Path, shell: str) -> None:
    """A task that was submitted in another terminal a moment ago is offered; stop offers only what has not ended."""
    work = tmp_path / "work"
    work.mkdir()
    hai.cwd = work
    with Screen(START[shell], at_home(hai, tmp_path, shell), work) as screen:
        screen.wait_for(">")
        hai.write("x.sh", "exec sleep 300\n")
        assert hai("bash", "x.sh", "--", "--name", f"zebra_{shell}").status == 0
        screen.type("hai-cli stop zeb", "Tab")
        screen.wait_for(lambda text: f"> hai-cli stop zebra_{shell}" in text.splitlines())
        screen.type("", "Enter")
        screen.wait_for("is being stopped")


@needs_tmux
def test_uninstall(cli: Cli, tmp_path: Path, shell: str) -> None:
    """Installed twice it is there once; taken away, the start file is as it was."""
    at_home(cli, tmp_path, shell)
    file = tmp_path / START_FILES[shell]
    installed = file.read_text()
    again = cli("completion", "install", shell)
    assert again.status == 0 and "already" in again.err and file.read_text() == installed
    assert cli("completion", "install", "--uninstall").status == 0
    assert file.read_text() == PROMPTS[shell]
    gone = cli("completion", "install", "--uninstall")
    assert gone.status == 0 and "was not told" in gone.err


def test_a_shell_that_is_not_known(cli: Cli) -> None:
    done = cli("completion", "install", env={"SHELL": "/bin/tcsh"})
    assert done.status == 2 and "tcsh" in done.err and "bash, zsh, fish" in done.err
    assert cli("completion", "install", env={"SHELL": ""}).err.startswith("hai-cli: SHELL does not say")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_full_disk_costs_no_start_file(cli: Cli, tmp_path: Path, shell: str) -> None:
    """It is as it was, and nothing lies beside it; it keeps its mode and stays a link where it is one."""
    env = at_home(cli, tmp_path / "home", shell)
    file = tmp_path / "home" / START_FILES[shell]
    before = file.read_text()
    assert cli("completion", "install", "--uninstall").status == 0 and file.read_text() == PROMPTS[shell]
    words = ["bash", "-c", f"ulimit -f 0; exec {HAI_CLI} completion install {shell}"]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "File too large" in done.stderr
    assert file.read_text() == PROMPTS[shell] and [*file.parent.glob(f".{file.name}.*")] == []
    real = file.rename(tmp_path / "real")
    file.symlink_to(real)
    real.chmod(0o600)
    assert cli("completion", "install", shell).status == 0
    assert file.is_symlink() and real.read_text() == before and real.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("shell_name", SHELLS)
def test_the_code_is_printed(cli: Cli, shell_name: str) -> None:
    """Nothing but what is to be sourced."""
    done = cli("completion", shell_name)
    assert (done.status, done.err) == (0, "") and "hai-cli" in done.out
