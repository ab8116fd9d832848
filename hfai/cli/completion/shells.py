"""What bash, zsh and fish have to be told, and where each reads it when it starts.

bash gets argcomplete's own code. Those of zsh and fish are ours: argcomplete's offers no file names there, quotes names
with blanks twice in zsh, and counts signs where a name has others than ASCII. That of fish is a file, ``hai-cli.fish``: an
installation has it in ``share/fish/vendor_conf.d`` too, and it makes ``source haienv`` work.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple, Optional

from hfai.model.errors import UsageError

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("hai-cli", "haienv")

# The words come one a line, a tab and what each does behind it, as argcomplete sends them to fish: unquoted.
_ZSH = """\
_hai_cli() {
    local line="${(j: :)${(@)words[1,CURRENT]}}" tab=$'\\t'
    local -a found names shown
    found=("${(@f)$(_ARGCOMPLETE=1 _ARGCOMPLETE_SHELL=fish _ARGCOMPLETE_DFS=$tab _ARGCOMPLETE_IFS=$'\\n' \\
        _ARGCOMPLETE_SUPPRESS_SPACE=1 COMP_LINE=$line COMP_POINT=1000000 COMP_TYPE=9 \\
        $words[1] 8>&1 9>/dev/null 1>/dev/null 2>/dev/null </dev/null)}")
    local one name
    for one in $found; do
        name=${one%%$tab*}
        names+=($name)
        [[ -n ${one#*$tab} ]] && shown+=("$name  -- ${one#*$tab}") || shown+=("$name")
    done
    if (( $#names )); then
        compadd -l -d shown -V hai-cli -a names
    else
        _files
    fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
compdef _hai_cli PROGRAMS
"""
_FISH = Path(__file__).with_name("hai-cli.fish")
_BEGIN = "# >>> hai-cli completion >>>"
_END = "# <<< hai-cli completion <<<"


class Place(NamedTuple):
    """Where a shell is told.

    Attributes:
        code: the file that holds the code.
        start_file: the file that is to load it; None where the shell finds it by itself.
    """

    code: Path
    start_file: Optional[Path]


def code_for(shell: str) -> str:
    """The code that completes hai-cli in this shell, to be sourced."""
    if shell == "bash":
        from argcomplete.shell_integration import shellcode

        return str(shellcode(list(PROGRAMS), shell="bash"))
    if shell == "zsh":
        return _ZSH.replace("PROGRAMS", " ".join(PROGRAMS))
    return _FISH.read_text(encoding="utf-8")


def place_of(shell: str) -> Place:
    """Where the code goes, from the environment."""
    home = Path.home()
    if shell == "fish":
        return Place(_fish_config() / _FISH.name, None)
    own = Path(os.environ.get("HFAI_HOME") or home / ".hai").expanduser().absolute()
    start = home / ".bashrc" if shell == "bash" else Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"
    return Place(own / "completion" / f"hai-cli.{shell}", start)


def _fish_config() -> Path:
    """The user's own directory of what fish reads when it starts."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "fish" / "conf.d"


def is_fish_told() -> bool:
    """Whether a fish that starts now is told by the user's own file, or by that of an installation."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/share"
    vendors = [Path(directory, "fish", "vendor_conf.d") for directory in (data, *shared.split(":"))]
    return any((directory / _FISH.name).is_file() for directory in (_fish_config(), *vendors))


def shell_in_use() -> str:
    """The user's shell, from ``SHELL``.

    Raises:
        UsageError: it is none of those that can be completed in.
    """
    name = Path(os.environ.get("SHELL", "")).name
    if not name:
        raise UsageError("SHELL does not say what your shell is: name one of {shells}", shells=", ".join(SHELLS))
    if name not in SHELLS:
        raise UsageError("your shell is {shell}: name one of {shells}", shell=name, shells=", ".join(SHELLS))
    return name


def with_loading(text: str, code: Path) -> str:
    """A start file with the lines that load the code, once, at its end."""
    quoted = shlex.quote(str(code))
    block = f"{_BEGIN}\n[ ! -r {quoted} ] || . {quoted}\n{_END}\n"
    if block in text:
        return text
    before = without_loading(text)
    return f"{before}{'' if not before or before.endswith(chr(10)) else chr(10)}{block}"


def without_loading(text: str) -> str:
    """A start file without those lines."""
    before, begin, rest = text.partition(f"{_BEGIN}\n")
    _, end, after = rest.partition(f"{_END}\n")
    return before + after if begin and end else text
