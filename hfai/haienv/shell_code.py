"""What ``source haienv`` evaluates, for bash, zsh and fish."""

from __future__ import annotations

import os
import shlex
from typing import Mapping, Optional

from hfai.haienv.activation import entered, left, records
from hfai.haienv.registry import Environment
from hfai.model.errors import UsageError

SHELLS = ("bash", "zsh", "fish")

# `haienv deactivate` has to change the shell itself, which a program cannot.
_SH_FUNCTION = """haienv() {
  if [ "${1-}" = deactivate ]; then
    eval "$(command haienv --shell-code %s deactivate || echo false)"
  else
    command haienv "$@"
  fi
}
"""
_FISH_FUNCTION = """function haienv
  if test "$argv[1]" = deactivate
    set -l code (command haienv --shell-code fish deactivate | string collect)
    and eval "$code"
  else
    command haienv $argv
  end
end
"""


def entering(shell: str, one: Environment, environ: Mapping[str, str] = os.environ) -> str:
    """The code that enters an environment."""
    depth = len(records(environ)) + 1
    code = _set(shell, entered(one, environ))
    if shell == "fish":
        return f"""{code}{_FISH_FUNCTION}if functions -q fish_prompt
  functions -e _haienv_prompt_{depth}
  functions -c fish_prompt _haienv_prompt_{depth}
  function fish_prompt
    echo -n '({one.name}) '
    functions -q _haienv_prompt_1; and _haienv_prompt_1; or _haienv_prompt_{depth}
  end
end
"""
    # The name of the environment that is left behind stands in front; it goes with its programs.
    outer = "${_haienv_prompt_1-${PS1-}}" if depth > 1 else "${PS1-}"
    return f"""{code}{_SH_FUNCTION % shell}_haienv_prompt_{depth}="${{PS1-}}"
PS1="({one.name}) {outer}"
hash -r 2>/dev/null || true
"""


def leaving(shell: str, environ: Mapping[str, str] = os.environ) -> str:
    """The code that leaves the innermost environment.

    Raises:
        UsageError: there is none.
    """
    changed = left(environ)
    if changed is None:
        raise UsageError("no environment is active here: enter one with `source haienv NAME`")
    depth = len(records(environ))
    code = _set(shell, changed)
    if shell == "fish":
        return f"""{code}if functions -q _haienv_prompt_{depth}
  functions -e fish_prompt
  functions -c _haienv_prompt_{depth} fish_prompt
  functions -e _haienv_prompt_{depth}
end
"""
    return f"""{code}if [ -n "${{_haienv_prompt_{depth}+x}}" ]; then PS1=$_haienv_prompt_{depth}; unset _haienv_prompt_{depth}; fi
hash -r 2>/dev/null || true
"""


def _set(shell: str, changed: Mapping[str, Optional[str]]) -> str:
    lines = []
    for key, value in changed.items():
        if shell == "fish":
            # PATH is a list there, and is set by its parts.
            words = value.split(":") if value and key == "PATH" else [value or ""]
            lines.append(f"set -e {key}" if value is None else f"set -gx {key} {' '.join(map(_fish_quoted, words))}")
        else:
            lines.append(f"unset {key}" if value is None else f"export {key}={shlex.quote(value)}")
    return "".join(f"{line}\n" for line in lines)


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
